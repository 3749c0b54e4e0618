public struct ListConsents: Method, Equatable {
    public static let name = "consent.list"
    public static let summary = """
        Lists the questions that wait for the user, oldest first: the agent's own, and those that programs put to the \
        user by themselves.
        """
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<ListConsents> {
        .init(ListConsents(), gives: Result(consents: [.example]))
    }

    public init() {}

    public struct Result: Codable, Sendable, Equatable {
        public var consents: [PendingConsent]
        public init(consents: [PendingConsent]) { self.consents = consents }
    }
}

public struct ApproveConsent: Method, Equatable {
    public static let name = "consent.approve"
    public static let summary = """
        Says yes to a question that waits for the user: with auth where the homeserver wants to know that it is the \
        user, else from another unit, login session or terminal than that of the program that asks. (Terminals count \
        where systemd knows neither unit nor session. Any program can open another one there.) The login token goes to \
        the program that asks alone; a device is signed out at once where the homeserver wants no more.
        """
    public static let errors: [AgentError.Kind] = [
        .authRequired, .rateLimited, .notLoggedIn, .sessionExpired, .unsupportedByHomeserver, .homeserverError,
        .homeserverUnreachable, .locked, .forbidden, .outcomeUnknown, .storageFailed, .cancelled,
    ]
    public static var example: MethodExample<ApproveConsent> {
        .init(ApproveConsent(consentId: PendingConsent.example.consentId), gives: Nothing())
    }

    public typealias Result = Nothing

    public var consentId: String
    /// As in `login_token.generate`; its `challenge` is the consent's id.
    public var auth: AuthDictionary?

    public init(consentId: String, auth: [String: JSONValue]? = nil) {
        self.consentId = consentId
        self.auth = auth.map { AuthDictionary($0) }
    }
}

public struct DenyConsent: Method, Equatable {
    public static let name = "consent.deny"
    public static let summary = "Says no to a question that waits for the user."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<DenyConsent> {
        .init(DenyConsent(consentId: PendingConsent.example.consentId), gives: Nothing())
    }

    public typealias Result = Nothing

    public var consentId: String
    public init(consentId: String) { self.consentId = consentId }
}

/// A question that waits for the user.
public struct PendingConsent: Codable, Sendable, Equatable {
    public enum Wants: String, StringChoice {
        /// Yes or no: to a login token, or to signing a device out.
        case consent
        /// What the homeserver wants to know, usually the password, which says yes as well.
        case auth
        /// Yes or no to unlocking the agent.
        case unlock
    }

    public var consentId: String
    public var wants: Wants
    /// Who asks the user.
    public var prompt: GenerateLoginToken.Prompt
    public var account: String?
    public var homeserver: String?
    public var purpose: String?
    /// Where the token goes, if not to the one who asks.
    public var destination: Destination?
    /// What is to be signed out; nil where a login token is to be minted.
    public var device: NamedDevice?
    /// Nil where it cannot be known: the request came over the restricted socket.
    public var requester: Requester?
    public var requestedAt: Moment

    public init(
        consentId: String,
        wants: Wants,
        prompt: GenerateLoginToken.Prompt = .agent,
        account: String? = nil,
        homeserver: String? = nil,
        purpose: String? = nil,
        destination: Destination? = nil,
        device: NamedDevice? = nil,
        requester: Requester?,
        requestedAt: Moment
    ) {
        self.consentId = consentId
        self.wants = wants
        self.prompt = prompt
        self.account = account
        self.homeserver = homeserver
        self.purpose = purpose
        self.destination = destination
        self.device = device
        self.requester = requester
        self.requestedAt = requestedAt
    }

    static var example: PendingConsent {
        PendingConsent(
            consentId: "q-Vj8pQ1XeR0mZ5wLkT2yB7g",
            wants: .consent,
            account: "@alice:example.org",
            homeserver: "https://matrix.example.org",
            purpose: "my phone",
            requester: .example,
            requestedAt: .example
        )
    }
}
