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

        public init() {}
    }
}
