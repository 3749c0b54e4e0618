public struct ConsentRequested: Event, Equatable {
    public static let type = EventType.consentRequested
    public static let summary = """
        The agent asks the user: by its own prompt, or consent.approve answers. Where no prompt can be had, a question \
        waits for that only while somebody has subscribed to this very type by its name.
        """
    public static var example: ConsentRequested { .init(.example) }

    public var consentId: String
    public var wants: PendingConsent.Wants
    public var account: String?
    public var homeserver: String?
    public var purpose: String?
    public var destination: Destination?
    public var device: NamedDevice?
    public var requester: Requester?

    public init(_ consent: PendingConsent) {
        consentId = consent.consentId
        wants = consent.wants
        account = consent.account
        homeserver = consent.homeserver
        purpose = consent.purpose
        destination = consent.destination
        device = consent.device
        requester = consent.requester
    }
}

public struct ConsentGranted: Event, Equatable {
    public static let type = EventType.consentGranted
    public static let summary = """
        The user has agreed, at the prompt or from elsewhere. A password from the prompt may still be wrong: then the \
        same question is asked again.
        """
    public static var example: ConsentGranted { .init(.example) }

    public var consentId: String
    public var account: String?

    public init(_ consent: PendingConsent) { (consentId, account) = (consent.consentId, consent.account) }
}

public struct ConsentDenied: Event, Equatable {
    public static let type = EventType.consentDenied
    public static let summary = "A question to the user has come to nothing."
    public static var example: ConsentDenied { .init(.example, .denied) }

    public enum Reason: String, StringChoice {
        /// The user has refused.
        case denied
        case timedOut = "timed_out"
        /// Nobody could be asked.
        case unavailable
        /// The one who asked has gone, a limit or a lock came in between.
        case withdrawn
    }

    public var consentId: String
    public var account: String?
    public var reason: Reason

    public init(_ consent: PendingConsent, _ reason: Reason) {
        (consentId, account, self.reason) = (consent.consentId, consent.account, reason)
    }
}
