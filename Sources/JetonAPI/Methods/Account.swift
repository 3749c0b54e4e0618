/// An account that the agent holds a session of.
public struct Account: Codable, Sendable, Equatable {
    public enum State: String, StringChoice {
        /// The session works, as far as is known.
        case active
        /// The homeserver cannot be reached.
        case offline
        /// The homeserver wants to see the password again; the device stays.
        case signedOutSoftly = "signed_out_softly"
        /// The homeserver has ended the session.
        case signedOut = "signed_out"
    }

    /// Whether the homeserver mints login tokens for this account, as last seen.
    public struct LoginTokens: Codable, Sendable, Equatable {
        public var supported: Bool
        public var reason: SupportReason?
        public var accountManagementUrl: String?

        public init(supported: Bool, reason: SupportReason?, accountManagementUrl: String? = nil) {
            self.supported = supported
            self.reason = reason
            self.accountManagementUrl = accountManagementUrl
        }
    }

    public var userId: String
    public var deviceId: String
    public var homeserver: String
    public var state: State
    public var isDefault: Bool
    public var accessTokenExpiresAt: Moment?
    public var loginTokens: LoginTokens

    public init(
        userId: String,
        deviceId: String,
        homeserver: String,
        state: State,
        isDefault: Bool,
        accessTokenExpiresAt: Moment?,
        loginTokens: LoginTokens
    ) {
        self.userId = userId
        self.deviceId = deviceId
        self.homeserver = homeserver
        self.state = state
        self.isDefault = isDefault
        self.accessTokenExpiresAt = accessTokenExpiresAt
        self.loginTokens = loginTokens
    }

    static var example: Account {
        Account(
            userId: "@alice:example.org",
            deviceId: "SEWCQZKDPL",
            homeserver: "https://matrix.example.org",
            state: .active,
            isDefault: true,
            accessTokenExpiresAt: .example,
            loginTokens: LoginTokens(supported: true, reason: .available)
        )
    }
}

/// Why a homeserver does or does not mint login tokens.
public enum SupportReason: String, StringChoice {
    case available
    /// A server that could, whose administrator has not allowed it.
    case switchedOff = "switched_off"
    /// A server that signs in with OAuth 2.0, where the specification has no login tokens to mint.
    case oauthServer = "oauth_server"
    /// A server whose answers tell neither.
    case unknownServer = "unknown_server"
}
