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
