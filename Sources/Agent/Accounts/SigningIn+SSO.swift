internal import JetonAPI
internal import MatrixClient
internal import SSOCallback

/// Log in by the browser (Client-Server API, "SSO client login/authentication").
extension SigningIn {
    func beginSSO(_ request: BeginSSOLogin) async throws(AgentError) -> BeginSSOLogin.Result {
        let homeserver = try await homeserver(named: request.homeserver, of: request.userId)
        let client = MatrixClient(homeserver: homeserver, transport: transport)
        let terms = LoginTerms(request)
        let offer = try await requireOffer(of: "m.login.sso", at: client, terms)
        // Where the homeserver names its providers, it knows no others.
        if let idp = request.idp, let known = offer.flows?.identityProviders, !known.isEmpty,
            !known.contains(where: { $0.id == idp })
        {
            throw .unknownIdentityProvider(idp, known: known)
        }
        return try await ssoLogins.begin { address in
            homeserver.ssoPage(redirectUrl: address.description, identityProvider: request.idp)
        } redeem: { token throws(AgentError) in
            try await self.begin(with: .loginToken(token), terms, client)
        }
    }
}
