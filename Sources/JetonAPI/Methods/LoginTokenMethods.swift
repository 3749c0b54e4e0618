public struct GetLoginTokenSupport: Method, Equatable {
    public static let name = "login_token.support"
    public static let summary = "Tells whether a homeserver mints login tokens, and if not, why."
    public static let errors: [AgentError.Kind] = [
        .notLoggedIn, .sessionExpired, .rateLimited, .homeserverError, .homeserverUnreachable, .storageFailed,
    ]
    public static var example: MethodExample<GetLoginTokenSupport> {
        .init(
            GetLoginTokenSupport(),
            gives: Result(supported: true, reason: .available, capability: true, loginFlow: true, clockOffsetMs: 210)
        )
    }

    public var account: String?
    public var homeserver: String?

    public init(account: String? = nil, homeserver: String? = nil) {
        self.account = account
        self.homeserver = homeserver
    }

    public struct Result: Codable, Sendable, Equatable {
        public var supported: Bool
        public var reason: SupportReason
        public var capability: Bool?
        public var loginFlow: Bool?
        public var accountManagementUrl: String?
        public var clockOffsetMs: Int?

        public init(
            supported: Bool,
            reason: SupportReason,
            capability: Bool? = nil,
            loginFlow: Bool? = nil,
            accountManagementUrl: String? = nil,
            clockOffsetMs: Int? = nil
        ) {
            self.supported = supported
            self.reason = reason
            self.capability = capability
            self.loginFlow = loginFlow
            self.accountManagementUrl = accountManagementUrl
            self.clockOffsetMs = clockOffsetMs
        }
    }
}

public struct GenerateLoginToken: Method, Equatable {
    public static let name = "login_token.generate"
    public static let summary = """
        Mints a single-use login token for one of the agent's accounts. The first call answers auth_required or \
        consent_required with a challenge; the second brings auth or consent for it.
        """
    public static let errors: [AgentError.Kind] = [
        .authRequired, .rateLimited, .notLoggedIn, .sessionExpired, .unsupportedByHomeserver, .homeserverError,
        .homeserverUnreachable, .consentRequired, .consentDenied, .consentTimeout, .promptUnavailable, .locked,
        .forbidden, .busy, .outcomeUnknown,
        .storageFailed, .cancelled,
    ]
    public static var example: MethodExample<GenerateLoginToken> {
        .init(
            GenerateLoginToken(
                purpose: "my phone",
                auth: [
                    "type": "m.login.password", "challenge": "c-Vj8pQ1XeR0mZ5wLkT2yB7g", "password": "…",
                    "identifier": ["type": "m.id.user", "user": "@alice:example.org"],
                ]
            ),
            gives: Result(
                loginToken: Secret("syl_…"),
                expiresInMs: 120_000,
                expiresAt: .example,
                tokenId: "t-4e9mZ2Lq",
                userId: "@alice:example.org",
                homeserver: "https://matrix.example.org"
            )
        )
    }

    /// An echo of the challenge, which says: the one who asks has been asked.
    public struct Consent: Codable, Sendable, Equatable {
        public var challenge: String
        public init(challenge: String) { self.challenge = challenge }
    }

    /// Who asks the user: the caller itself, or the agent by its own prompt.
    public enum Prompt: String, StringChoice { case caller, agent }

    public var account: String?
    public var purpose: String?
    /// The specification's authentication dictionary with `challenge` in place of `session`.
    public var auth: AuthDictionary?
    public var consent: Consent?
    public var prompt: Prompt?
    public var terminal: CallerTerminal?
    public var waitMs: Int?

    public init(
        account: String? = nil,
        purpose: String? = nil,
        auth: [String: JSONValue]? = nil,
        consent: Consent? = nil,
        prompt: Prompt? = nil,
        terminal: CallerTerminal? = nil,
        waitMs: Int? = nil
    ) {
        self.account = account
        self.purpose = purpose
        self.auth = auth.map { AuthDictionary($0) }
        self.consent = consent
        self.prompt = prompt
        self.terminal = terminal
        self.waitMs = waitMs
    }

    public struct Result: Codable, Sendable, Equatable {
        public var loginToken: Secret
        public var expiresInMs: Int
        public var expiresAt: Moment
        public var tokenId: String
        public var userId: String
        public var homeserver: String

        public init(
            loginToken: Secret,
            expiresInMs: Int,
            expiresAt: Moment,
            tokenId: String,
            userId: String,
            homeserver: String
        ) {
            self.loginToken = loginToken
            self.expiresInMs = expiresInMs
            self.expiresAt = expiresAt
            self.tokenId = tokenId
            self.userId = userId
            self.homeserver = homeserver
        }
    }
}

public struct ListLoginTokens: Method, Equatable {
    public static let name = "login_token.list"
    public static let summary =
        "Lists the login tokens that were minted here, newest first; never the tokens themselves."
    public static let errors: [AgentError.Kind] = [.notLoggedIn]
    public static var example: MethodExample<ListLoginTokens> {
        .init(ListLoginTokens(), gives: Result(tokens: [.example]))
    }

    public var account: String?
    public init(account: String? = nil) { self.account = account }

    public struct Result: Codable, Sendable, Equatable {
        public var tokens: [IssuedToken]
        public init(tokens: [IssuedToken]) { self.tokens = tokens }
    }
}

/// A login token that was minted, without the token.
public struct IssuedToken: Codable, Sendable, Equatable {
    public enum State: String, StringChoice {
        case live
        /// A device has appeared while it lived.
        case redeemed
        /// That device, or each that it may have been, was signed out from here.
        case signedOut = "signed_out"
        case expired
        /// It was asked for and no answer came: it may exist.
        case unknown
    }

    public var tokenId: String
    public var account: String
    public var state: State
    public var issuedAt: Moment
    public var expiresAt: Moment
    public var purpose: String?
    public var requester: Requester
    public var redeemedBy: Redeemer?
    /// Instead of it, where it is not clear which device it was, or which token it was signed in with.
    public var candidates: [Redeemer]?

    public init(
        tokenId: String,
        account: String,
        state: State,
        issuedAt: Moment,
        expiresAt: Moment,
        purpose: String?,
        requester: Requester,
        redeemedBy: Redeemer? = nil,
        candidates: [Redeemer]? = nil
    ) {
        self.tokenId = tokenId
        self.account = account
        self.state = state
        self.issuedAt = issuedAt
        self.expiresAt = expiresAt
        self.purpose = purpose
        self.requester = requester
        self.redeemedBy = redeemedBy
        self.candidates = candidates
    }

    static var example: IssuedToken {
        IssuedToken(
            tokenId: "t-4e9mZ2Lq",
            account: "@alice:example.org",
            state: .redeemed,
            issuedAt: .example,
            expiresAt: .example.advanced(by: .seconds(120)),
            purpose: "my phone",
            requester: .example,
            redeemedBy: .example
        )
    }
}

/// A device that has appeared while a login token lived.
public struct Redeemer: Codable, Sendable, Equatable {
    public var deviceId: String
    public var displayName: String?
    public var lastSeenIp: String?
    /// When the agent saw it first.
    public var at: Moment
    /// Whether it is known and no guess: a homeserver does not tell what a device was signed in with.
    public var certain: Bool
    /// When it was signed out from here.
    public var signedOutAt: Moment?

    public init(
        deviceId: String,
        displayName: String? = nil,
        lastSeenIp: String? = nil,
        at: Moment,
        certain: Bool,
        signedOutAt: Moment? = nil
    ) {
        self.deviceId = deviceId
        self.displayName = displayName
        self.lastSeenIp = lastSeenIp
        self.at = at
        self.certain = certain
        self.signedOutAt = signedOutAt
    }

    static var example: Redeemer {
        Redeemer(
            deviceId: "DIIDRPWVHJ",
            displayName: "New phone",
            lastSeenIp: "203.0.113.7",
            at: .example.advanced(by: .seconds(25)),
            certain: false
        )
    }
}
