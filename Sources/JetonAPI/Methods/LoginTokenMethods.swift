public struct GetLoginTokenSupport: Method, Equatable {
    public static let name = "login_token.support"
    public static let summary = "Tells whether a homeserver mints login tokens, and if not, why."
    public static let errors: [AgentError.Kind] = [
        .notLoggedIn, .sessionExpired, .rateLimited, .homeserverError, .homeserverUnreachable, .forbidden,
        .storageFailed,
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
