public import JetonAPI

/// What a homeserver says about itself.
extension MatrixClient {
    /// The versions of the specification that the homeserver supports (GET /versions).
    public func versions() async throws(MatrixError) -> [String] {
        struct Body: Decodable { var versions: [String] }
        return try await exchange("GET", "/versions", expecting: Body.self).versions
    }

    /// What GET /login offers.
    public struct LoginFlows: Sendable, Equatable {
        public var types: [String]
        /// Whether `m.login.token` says that login tokens are minted here (v1.7, `get_login_token`).
        public var mintsLoginTokens: Bool
        /// Whether an SSO flow says that it is OAuth 2.0 in truth (v1.18, `oauth_aware_preferred`).
        public var prefersOAuth: Bool
    }

    public func loginFlows() async throws(MatrixError) -> LoginFlows {
        struct Flow: Decodable {
            var type: String
            var getLoginToken: Bool?
            var oauthAwarePreferred: Bool?
            var delegated: Bool?
            enum CodingKeys: String, CodingKey {
                case type, getLoginToken, oauthAwarePreferred
                case delegated = "org.matrix.msc3824.delegatedOidcCompatibility"
            }
        }
        struct Body: Decodable { var flows: [Flow] }
        let flows = try await exchange("GET", "/v3/login", expecting: Body.self).flows
        return LoginFlows(
            types: flows.map(\.type),
            mintsLoginTokens: flows.contains { $0.type == "m.login.token" && $0.getLoginToken == true },
            prefersOAuth: flows.contains { $0.oauthAwarePreferred == true || $0.delegated == true }
        )
    }

    /// The capability `m.get_login_token`; nil where the homeserver does not mention it, which means no.
    public func loginTokenCapability(_ accessToken: Secret) async throws(MatrixError) -> Bool? {
        struct Switch: Decodable { var enabled: Bool }
        struct Capabilities: Decodable {
            var getLoginToken: Switch?
            enum CodingKeys: String, CodingKey { case getLoginToken = "m.getLoginToken" }
        }
        struct Body: Decodable { var capabilities: Capabilities }
        let body = try await exchange("GET", "/v3/capabilities", bearer: accessToken, expecting: Body.self)
        return body.capabilities.getLoginToken?.enabled
    }

    /// The OAuth 2.0 server's metadata (v1.15, GET /auth_metadata); nil where the homeserver has none.
    public func authMetadata() async throws(MatrixError) -> AuthMetadata? {
        do {
            return try await exchange("GET", "/v1/auth_metadata", expecting: AuthMetadata.self)
        } catch {
            switch error {
            // Older servers do not know the path, and say so in JSON or by a page.
            case .refused(let refusal) where [404, 405].contains(refusal.status): return nil
            case .notMatrix: return nil
            default: throw error
            }
        }
    }

    public struct AuthMetadata: Decodable, Sendable, Equatable {
        public var issuer: String
        public var accountManagementUri: String?
    }
}
