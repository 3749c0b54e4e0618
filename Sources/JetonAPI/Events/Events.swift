/// Every event there is, in the order in which a reader should meet them.
public enum Events {
    public static let all: [any Event.Type] = [
        LoginTokenIssued.self, LoginTokenRedeemed.self, LoginTokenExpired.self, ConsentRequested.self,
        ConsentGranted.self, ConsentDenied.self, RateLimitHit.self, AccountLoggedIn.self, AccountLoggedOut.self,
        AccountStateChanged.self, AccountRenewed.self, AgentLocked.self, AgentUnlocked.self, AgentStopping.self,
        EventsMissed.self,
    ]
}

public struct LoginTokenIssued: Event, Equatable {
    public static let type = EventType.loginTokenIssued
    public static let summary = "A login token was minted and handed to the one who asked."
    public static var example: LoginTokenIssued { .init(.example) }

    public var account: String
    public var tokenId: String
    public var expiresAt: Moment
    public var purpose: String?
    public var requester: Requester

    public init(_ token: IssuedToken) {
        account = token.account
        tokenId = token.tokenId
        expiresAt = token.expiresAt
        purpose = token.purpose
        requester = token.requester
    }
}

public struct LoginTokenRedeemed: Event, Equatable {
    public static let type = EventType.loginTokenRedeemed
    public static let summary = """
        A device has appeared while a login token lived, so most likely it was signed in with it; told again where more \
        appear, and it may have been any of the candidates. A device that has made no request yet has no address: it is \
        told at the next look, with the one it has by then.
        """
    public static var example: LoginTokenRedeemed { .init(.example) }

    public var account: String
    public var tokenId: String
    public var purpose: String?
    public var redeemedBy: Redeemer?
    public var candidates: [Redeemer]?

    public init(_ token: IssuedToken) {
        account = token.account
        tokenId = token.tokenId
        purpose = token.purpose
        redeemedBy = token.redeemedBy
        candidates = token.candidates
    }
}

public struct LoginTokenExpired: Event, Equatable {
    public static let type = EventType.loginTokenExpired
    public static let summary = "The life of a login token is over, whether it was used or not."
    public static var example: LoginTokenExpired { .init(account: "@alice:example.org", tokenId: "t-4e9mZ2Lq") }

    public var account: String
    public var tokenId: String

    public init(account: String, tokenId: String) {
        self.account = account
        self.tokenId = tokenId
    }
}

public struct RateLimitHit: Event, Equatable {
    public static let type = EventType.rateLimitHit
    public static let summary = "Somebody asked for a login token and was told to come back later."
    public static var example: RateLimitHit {
        let error: [String: JSONValue] = ["scope": "local", "limit": "login_token", "retry_after_ms": 42_000]
        return RateLimitHit(account: "@alice:example.org", error: error, requester: .example)
    }

    public var account: String?
    public var scope: String
    public var limit: String?
    public var retryAfterMs: Int
    public var requester: Requester

    /// - Parameters:
    ///   - account: the account, where the request got so far.
    ///   - error: the members of the error's data.
    ///   - requester: who asked.
    public init(account: String?, error: [String: JSONValue], requester: Requester) {
        self.account = account
        scope = error["scope"]?.stringValue ?? "local"
        limit = error["limit"]?.stringValue
        retryAfterMs = error["retry_after_ms"]?.integerValue ?? 0
        self.requester = requester
    }
}

public struct AccountLoggedIn: Event, Equatable {
    public static let type = EventType.accountLoggedIn
    public static let summary = "A session was begun or taken over."
    public static var example: AccountLoggedIn { .init(account: "@alice:example.org") }

    public var account: String
    public init(account: String) { self.account = account }
}

public struct AccountLoggedOut: Event, Equatable {
    public static let type = EventType.accountLoggedOut
    public static let summary = "A session was ended here, and is no longer held."
    public static var example: AccountLoggedOut { .init(account: "@alice:example.org") }

    public var account: String
    public init(account: String) { self.account = account }
}

public struct AccountStateChanged: Event, Equatable {
    public static let type = EventType.accountStateChanged
    public static let summary = "A session works again, or no longer."
    public static var example: AccountStateChanged { .init(account: "@alice:example.org", state: .signedOut) }

    public var account: String
    public var state: Account.State

    public init(account: String, state: Account.State) {
        self.account = account
        self.state = state
    }
}

public struct AccountRenewed: Event, Equatable {
    public static let type = EventType.accountRenewed
    public static let summary = "A session has a new access token."
    public static var example: AccountRenewed { .init(account: "@alice:example.org", accessTokenExpiresAt: .example) }

    public var account: String
    public var accessTokenExpiresAt: Moment?

    public init(account: String, accessTokenExpiresAt: Moment?) {
        self.account = account
        self.accessTokenExpiresAt = accessTokenExpiresAt
    }
}

public struct AgentLocked: Event, Equatable {
    public static let type = EventType.agentLocked
    public static let summary = "The agent does not mint for now, or what keeps it from that has changed."
    public static var example: AgentLocked { .init(lockedBy: [.screen]) }

    public var lockedBy: [Lock]
    public init(lockedBy: [Lock]) { self.lockedBy = lockedBy }
}

public struct AgentUnlocked: Event, Equatable {
    public static let type = EventType.agentUnlocked
    public static let summary = "The agent mints again: nothing locks it any more."
    public static var example: AgentUnlocked { .init() }

    public init() {}
}

public struct AgentStopping: Event, Equatable {
    public static let type = EventType.agentStopping
    public static let summary = "The agent stops; answers under way still go out."
    public static var example: AgentStopping { .init() }

    public init() {}
}

public struct EventsMissed: Event, Equatable {
    public static let type = EventType.eventsMissed
    public static let summary = """
        This subscriber read too slowly and has missed events; what it wants to know it must ask for. Nobody chooses \
        this type, and everybody may get it.
        """
    public static var example: EventsMissed { .init(count: 3, since: .example) }

    public var missed: Int
    public var since: Moment

    public init(count: Int, since: Moment) {
        missed = count
        self.since = since
    }
}
