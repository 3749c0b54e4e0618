/// The version of the socket API: raised when a client made for the older one would no longer be understood.
public let apiVersion = 1

/// The version of this release.
public let releaseVersion = "0.1.0"

public struct Ping: Method, Equatable {
    public static let name = "agent.ping"
    public static let summary = "Answers, and does nothing else: the agent is there and its socket is served."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<Ping> { .init(Ping(), gives: Nothing()) }

    public typealias Result = Nothing

    public init() {}
}

public struct GetAgentStatus: Method, Equatable {
    public static let name = "agent.status"
    public static let summary = "Tells who the agent is, what it holds, and which protections are in force."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<GetAgentStatus> { .init(GetAgentStatus(), gives: .example) }

    public init() {}

    public struct Result: Codable, Sendable, Equatable {
        public var version: String
        public var apiVersion: Int
        public var pid: Int
        public var startedAt: Moment
        public var lockedBy: [Lock]
        public var accounts: [Account]
        public var protections: Protections
        public var supervised: Supervision

        public init(
            version: String,
            apiVersion: Int,
            pid: Int,
            startedAt: Moment,
            lockedBy: [Lock],
            accounts: [Account],
            protections: Protections,
            supervised: Supervision
        ) {
            self.version = version
            self.apiVersion = apiVersion
            self.pid = pid
            self.startedAt = startedAt
            self.lockedBy = lockedBy
            self.accounts = accounts
            self.protections = protections
            self.supervised = supervised
        }

        static var example: Result {
            Result(
                version: releaseVersion,
                apiVersion: JetonAPI.apiVersion,
                pid: 4711,
                startedAt: .example,
                lockedBy: [],
                accounts: [.example],
                protections: .example,
                supervised: Supervision(systemd: true, socketActivated: true, watchdogMs: 30000)
            )
        }
    }
}

/// What keeps the agent from minting for now.
public enum Lock: String, StringChoice { case user, screen }

/// The protections of the running process, as the kernel reports them.
public struct Protections: Codable, Sendable, Equatable {
    public enum Storage: String, StringChoice { case plain, encrypted }

    public var dumpable: Bool
    public var memoryLocked: Bool
    public var sandboxed: Bool
    public var noCapabilities: Bool
    public var homeHidden: Bool
    public var sessionBusHidden: Bool
    public var filesReadOnly: Bool
    public var noExec: Bool
    public var storage: Storage

    public init(
        dumpable: Bool,
        memoryLocked: Bool,
        sandboxed: Bool,
        noCapabilities: Bool,
        homeHidden: Bool,
        sessionBusHidden: Bool,
        filesReadOnly: Bool,
        noExec: Bool,
        storage: Storage
    ) {
        self.dumpable = dumpable
        self.memoryLocked = memoryLocked
        self.sandboxed = sandboxed
        self.noCapabilities = noCapabilities
        self.homeHidden = homeHidden
        self.sessionBusHidden = sessionBusHidden
        self.filesReadOnly = filesReadOnly
        self.noExec = noExec
        self.storage = storage
    }

    /// Whether all that the service's unit asks for is in force.
    public var isSandboxedInFull: Bool {
        sandboxed && noCapabilities && homeHidden && sessionBusHidden && filesReadOnly && noExec
    }

    /// Of a sandboxed agent whose sessions are not encrypted.
    public static var example: Protections {
        Protections(
            dumpable: false,
            memoryLocked: true,
            sandboxed: true,
            noCapabilities: true,
            homeHidden: true,
            sessionBusHidden: true,
            filesReadOnly: true,
            noExec: true,
            storage: .plain
        )
    }
}

/// Whether and how systemd looks after the process.
public struct Supervision: Codable, Sendable, Equatable {
    public var systemd: Bool
    public var socketActivated: Bool
    /// How long the process may be silent before systemd restarts it.
    public var watchdogMs: Int?

    public init(systemd: Bool, socketActivated: Bool, watchdogMs: Int?) {
        self.systemd = systemd
        self.socketActivated = socketActivated
        self.watchdogMs = watchdogMs
    }
}

extension Moment {
    static let example = Moment(millisecondsSince1970: 1_795_468_800_000)
}
