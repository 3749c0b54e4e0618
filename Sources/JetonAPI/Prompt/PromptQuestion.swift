/// What the agent wants the user to be asked: typed facts. The words are the prompt's own, so that nobody else has a say
/// in what the user reads.
public struct PromptQuestion: Codable, Sendable, Equatable {
    public enum Kind: String, Codable, Sendable {
        /// The account's password, which says yes as well.
        case password
        /// Yes or no, as the homeserver asks for nothing.
        case confirm
        /// Whether the agent may mint again.
        case unlock
    }

    public var kind: Kind
    public var account: String?
    public var homeserver: String?
    /// In the words of the one who asks.
    public var purpose: String?
    /// Where the token goes, if not to the one who asks.
    public var destination: Destination?
    /// What is to be signed out; nil where a login token is to be minted.
    public var device: NamedDevice?
    /// Nil where it cannot be known: the request came over the restricted socket.
    public var requester: Requester?
    /// How many wrong passwords there may be yet.
    public var attemptsLeft: Int?
    /// Whether the last password was wrong.
    public var isRepeated: Bool?
    /// Where the one who asks can be reached, besides the display.
    public var terminal: CallerTerminal?
    /// How long the question may stand.
    public var deadlineMs: Int

    public init(
        _ kind: Kind,
        account: String? = nil,
        homeserver: String? = nil,
        purpose: String? = nil,
        destination: Destination? = nil,
        device: NamedDevice? = nil,
        requester: Requester?,
        attemptsLeft: Int? = nil,
        isRepeated: Bool? = nil,
        terminal: CallerTerminal? = nil,
        deadlineMs: Int
    ) {
        self.kind = kind
        self.account = account
        self.homeserver = homeserver
        self.purpose = purpose
        self.destination = destination
        self.device = device
        self.requester = requester
        self.attemptsLeft = attemptsLeft
        self.isRepeated = isRepeated
        self.terminal = terminal
        self.deadlineMs = deadlineMs
    }

    /// A line of JSON that is longer is no question.
    public static let maximumBytes = 32 * 1024
}

/// A device, and what it is called.
public struct NamedDevice: Codable, Sendable, Equatable {
    public var deviceId: String
    public var displayName: String?

    public init(deviceId: String, displayName: String? = nil) {
        self.deviceId = deviceId
        self.displayName = displayName
    }
}

/// The terminal of a process: its own one only, as the kernel knows it.
public struct CallerTerminal: Codable, Sendable, Equatable {
    public var tty: String
    public var term: String?
    public var lcCtype: String?

    public init(tty: String, term: String? = nil, lcCtype: String? = nil) {
        self.tty = tty
        self.term = term
        self.lcCtype = lcCtype
    }
}
