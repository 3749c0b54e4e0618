/// An account that the agent holds a session of.
public struct Account: Codable, Sendable, Equatable {
    public enum State: String, StringChoice {
        /// The session works, as far as is known.
        case active
        /// The homeserver cannot be reached, or fails; it is tried again.
        case offline
        /// The homeserver wants to see the password again; the device stays.
        case signedOutSoftly = "signed_out_softly"
        /// The homeserver has ended the session.
        case signedOut = "signed_out"
        /// An administrator has locked the account; the session is kept, and works again once it is unlocked.
        case locked
        /// An administrator has suspended the account; the session is kept, and much of it is refused.
        case suspended
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
    /// Why it is not active; nil where it is.
    public var cause: Cause?
    public var isDefault: Bool
    public var accessTokenExpiresAt: Moment?
    public var loginTokens: LoginTokens

    public init(
        userId: String,
        deviceId: String,
        homeserver: String,
        state: State,
        cause: Cause? = nil,
        isDefault: Bool,
        accessTokenExpiresAt: Moment?,
        loginTokens: LoginTokens
    ) {
        self.userId = userId
        self.deviceId = deviceId
        self.homeserver = homeserver
        self.state = state
        self.cause = cause
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

extension Account {
    /// Why an account is in a state other than active, and what can be done about it.
    public struct Cause: Codable, Sendable, Equatable {
        public enum Reason: String, StringChoice {
            /// No answer came from the homeserver.
            case unreachable
            /// The homeserver answers with errors of its own, or something else answers in its place.
            case homeserverFailing = "homeserver_failing"
            /// The access token has expired, and there is no way to renew it.
            case accessTokenExpired = "access_token_expired"
            /// The homeserver does not accept the newest refresh token any more.
            case refreshRefused = "refresh_refused"
            /// The homeserver does not know the session any more.
            case sessionEnded = "session_ended"
            case userLocked = "user_locked"
            case userSuspended = "user_suspended"
            case userDeactivated = "user_deactivated"
        }

        public var reason: Reason
        /// What has happened, and what the user must do where only the user can help: a sentence or two.
        public var detail: String
        /// The homeserver's own name for it.
        public var errcode: String?
        /// When it began.
        public var at: Moment

        public init(reason: Reason, detail: String, errcode: String? = nil, at: Moment) {
            self.reason = reason
            self.detail = detail
            self.errcode = errcode
            self.at = at
        }
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
