extension MatrixClient {
    /// What GET /login offers.
    public struct LoginFlows: Sendable, Equatable {
        public var types: [String]
        /// Whether `m.login.token` says that login tokens are minted here (v1.7, `get_login_token`).
        public var mintsLoginTokens: Bool
        /// Whether an SSO flow says that it is OAuth 2.0 in truth (v1.18, `oauth_aware_preferred`).
        public var prefersOAuth: Bool
        /// Who can be signed in with by SSO; none where the homeserver itself asks.
        public var identityProviders: [IdentityProvider]
    }

    /// Somebody whom the homeserver believes who a user is (v1.2, `identity_providers`).
    public struct IdentityProvider: Decodable, Sendable, Equatable {
        /// What `ssoPage` takes.
        public var id: String
        /// What users know it as.
        public var name: String
    }

    public func loginFlows() async throws(MatrixError) -> LoginFlows {
        let flows = try await exchange("GET", "/v3/login", expecting: LoginFlow.List.self).flows
        return LoginFlows(
            types: flows.map(\.type),
            mintsLoginTokens: flows.contains { $0.type == "m.login.token" && $0.getLoginToken == true },
            prefersOAuth: flows.contains { $0.oauthAwarePreferred == true || $0.delegated == true },
            identityProviders: flows.filter { $0.type == "m.login.sso" }.flatMap { $0.identityProviders ?? [] }
                .compactMap(\.provider)
        )
    }
}

/// One of the flows as it is sent.
private struct LoginFlow: Decodable {
    struct List: Decodable { var flows: [LoginFlow] }

    /// A provider that cannot be read is left out: the others can be signed in with all the same.
    struct Provider: Decodable {
        var provider: MatrixClient.IdentityProvider?
        init(from decoder: any Decoder) { provider = try? MatrixClient.IdentityProvider(from: decoder) }
    }

    var type: String
    var getLoginToken: Bool?
    var oauthAwarePreferred: Bool?
    var delegated: Bool?
    var identityProviders: [Provider]?

    enum CodingKeys: String, CodingKey {
        case type, getLoginToken, oauthAwarePreferred, identityProviders
        case delegated = "org.matrix.msc3824.delegatedOidcCompatibility"
    }
}
