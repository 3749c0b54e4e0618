internal import FoundationEssentials

/// Something that subscribers are told of, declared once: the agent publishes it, `jeton events` shows it, the API's
/// description describes it. The conforming type is what is told besides `type` and `at`.
public protocol Event: Codable, Sendable {
    static var type: EventType { get }
    static var summary: String { get }
    static var example: Self { get }
}

/// The names of the events, as a subscriber chooses among them.
public enum EventType: String, StringChoice {
    case loginTokenIssued = "login_token.issued"
    case loginTokenRedeemed = "login_token.redeemed"
    case loginTokenExpired = "login_token.expired"
    case consentRequested = "consent.requested"
    case consentGranted = "consent.granted"
    case consentDenied = "consent.denied"
    case rateLimitHit = "rate_limit.hit"
    case accountLoggedIn = "account.logged_in"
    case accountLoggedOut = "account.logged_out"
    case accountStateChanged = "account.state_changed"
    case accountRenewed = "account.renewed"
    case agentLocked = "agent.locked"
    case agentUnlocked = "agent.unlocked"
    case agentStopping = "agent.stopping"
    case eventsMissed = "events.missed"
}

/// The notification that tells an event (JSON-RPC 2.0, section 4.1): its params are `type`, `at` and the event's own
/// members side by side.
public struct EventNotification<E: Event>: Encodable {
    public static var method: String { "event" }

    public var event: E
    public var at: Moment

    public init(_ event: E, at: Moment) {
        self.event = event
        self.at = at
    }

    private enum Key: CodingKey { case jsonrpc, method, params, type, at }

    public func encode(to encoder: any Encoder) throws {
        var message = encoder.container(keyedBy: Key.self)
        try message.encode("2.0", forKey: .jsonrpc)
        try message.encode(Self.method, forKey: .method)
        let inner = message.superEncoder(forKey: .params)
        var params = inner.container(keyedBy: Key.self)
        try params.encode(E.type, forKey: .type)
        try params.encode(at, forKey: .at)
        try event.encode(to: inner)
    }

    /// The message without the newline that ends it. No event has a secret; one that had would be redacted.
    public var bytes: [UInt8] {
        guard let data = try? JSONCoding.encoder().encode(self) else {
            preconditionFailure("an event that is not JSON")
        }
        return Array(data)
    }
}
