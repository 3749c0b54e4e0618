public struct GetRateLimitStatus: Method, Equatable {
    public static let name = "rate_limit.status"
    public static let summary =
        "Tells how much of each local limit is left, and when the next login token can be minted."
    public static let errors: [AgentError.Kind] = [.notLoggedIn]
    public static var example: MethodExample<GetRateLimitStatus> {
        .init(GetRateLimitStatus(), gives: Result(limits: [.example]))
    }

    public var account: String?
    public init(account: String? = nil) { self.account = account }

    public struct Result: Codable, Sendable, Equatable {
        public var limits: [RateLimit]
        public init(limits: [RateLimit]) { self.limits = limits }
    }
}

/// One limit and where it stands: `count` in each `per_ms`, of which `remaining` are left.
public struct RateLimit: Codable, Sendable, Equatable {
    public enum Name: String, StringChoice {
        /// Login tokens of an account.
        case loginToken = "login_token"
        /// Wrong passwords for an account.
        case wrongPassword = "wrong_password"
        /// Login tokens for the unit, the session or the user of the program that asks, where the configuration has it.
        case requester
        /// The silence after a no to somebody behind the restricted socket; only told of as an error.
        case restrictedSocket = "restricted_socket"
    }

    /// Why nothing goes before a moment that the limit itself does not explain.
    public enum NotBeforeReason: String, StringChoice {
        /// The homeserver answered 429 and said when to come back.
        case homeserver
    }

    public var name: Name
    public var account: String?
    public var count: Int
    public var perMs: Int
    public var remaining: Int
    public var retryAfterMs: Int
    public var notBeforeReason: NotBeforeReason?

    public init(
        name: Name,
        account: String?,
        count: Int,
        perMs: Int,
        remaining: Int,
        retryAfterMs: Int,
        notBeforeReason: NotBeforeReason? = nil
    ) {
        self.name = name
        self.account = account
        self.count = count
        self.perMs = perMs
        self.remaining = remaining
        self.retryAfterMs = retryAfterMs
        self.notBeforeReason = notBeforeReason
    }

    static var example: RateLimit {
        RateLimit(
            name: .loginToken,
            account: "@alice:example.org",
            count: 1,
            perMs: 60_000,
            remaining: 0,
            retryAfterMs: 42_000
        )
    }
}
