extension DevHomeserver {
    /// How the homeserver is configured: like a Synapse on which login tokens were enabled, with a life of 2 minutes.
    public struct Options: Sendable {
        /// What stands behind the colon of user ids.
        public var serverName = "localhost"
        /// 0: a free one.
        public var port: UInt16 = 0
        /// Synapse: `login_via_existing_session.enabled`.
        public var offersLoginTokens = true
        /// Synapse: `login_via_existing_session.require_ui_auth`.
        public var asksBeforeMinting = true
        /// False: as a Synapse that has asked the user a moment ago (`ui_auth.session_timeout`).
        public var asksBeforeSigningOut = true
        /// Synapse: `login_via_existing_session.token_timeout`, by default 5 minutes.
        public var loginTokenLifetime: Duration = .seconds(120)
        /// Of access tokens that have a refresh token; nil: forever.
        public var accessTokenLifetime: Duration? = .seconds(300)
        /// Of access tokens that have none; nil: forever.
        public var nonRefreshableLifetime: Duration?
        /// One login token each, per account; `.zero`: no limit.
        public var mintInterval: Duration = .seconds(60)
        /// False: `POST /refresh` does not exist and logins get no refresh token.
        public var offersRefresh = true

        /// What is asked for before minting: one of these flows, each a list of stages, must be gone through.
        public var flows = [["m.login.password"]]
        /// What completes the stages that want something from the user: as registration token, as a captcha's
        /// `response`, as an address's `sid`.
        public var stageAnswer = "open-sesame"
        /// Where users sign in by their browser; none: there is no single sign-on.
        public var identityProviders: [IdentityProvider] = []
        /// The OAuth 2.0 server that does what has to do with sessions, as the Matrix Authentication Service does;
        /// nil: this server does it.
        public var oauthIssuer: String?
        /// How far its clock, as its answers tell it, is ahead.
        public var clockOffset: Duration = .zero

        public init() {}
    }

    /// Signs in at once and unasked, always the same account.
    public struct IdentityProvider: Sendable, Equatable {
        public var id: String
        public var name: String
        public var localpart: String

        public init(id: String, name: String, localpart: String) {
            (self.id, self.name, self.localpart) = (id, name, localpart)
        }
    }
}
