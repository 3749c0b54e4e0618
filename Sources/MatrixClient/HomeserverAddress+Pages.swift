public import JetonAPI

/// Pages of the homeserver that a browser opens.
extension HomeserverAddress {
    /// Where signing in by SSO begins (Client-Server API, "SSO client login").
    /// - Parameters:
    ///   - redirectUrl: where the browser goes at the end; the homeserver adds `loginToken` to its query.
    ///   - identityProvider: an id of `LoginFlows.identityProviders`; nil lets the homeserver ask.
    /// - Returns: the address for the user's browser.
    public func ssoPage(redirectUrl: String, identityProvider: String? = nil) -> String {
        let choice = identityProvider.map { "/" + WebAddress.percentEncoded($0) } ?? ""
        let redirect = WebAddress.percentEncoded(redirectUrl)
        return "\(self)/_matrix/client/v3/login/sso/redirect\(choice)?redirectUrl=\(redirect)"
    }
}

extension UIAChallenge {
    /// The page on which a browser can do a stage that the client cannot (Client-Server API, "Fallback").
    ///
    /// The one place where the homeserver's UIA session leaves the agent. Alone it mints nothing: that takes an access
    /// token of the same account besides. But with one, the session mints without a password for as long as the
    /// homeserver keeps it (two days at Synapse). So the address is for whoever asked and their browser, and for
    /// nobody else: not for logs, events or lists of what waits, and not for who may be another user altogether, as
    /// at the restricted socket.
    /// - Returns: the address; nil where the homeserver gave no session.
    public func fallbackPage(of stage: String, at homeserver: HomeserverAddress) -> Secret? {
        session.map { session in
            let (stage, session) = (WebAddress.percentEncoded(stage), WebAddress.percentEncoded(session.reveal()))
            return Secret("\(homeserver)/_matrix/client/v3/auth/\(stage)/fallback/web?session=\(session)")
        }
    }
}
