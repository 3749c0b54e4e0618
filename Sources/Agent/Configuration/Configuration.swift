public import JetonAPI

/// What the user has set, defaults filled in.
public struct Configuration: Sendable, Equatable {
    public var consent = ConsentPolicy.auto
    /// By full user id; what is not set for an account is as for all.
    public var accountConsent: [String: ConsentPolicy] = [:]
    public var quotas = Quotas()
    /// Certificates to trust besides the system's: a path.
    public var caFile: String?
    /// Whether the agent is locked while the user's screen is.
    public var lockWithScreen = true
    /// Whether the state is encrypted on the disk.
    public var storage = StorageSetting.auto
    public var socket = SocketLimits()
    public var restrictedSocket = RestrictedSocket.off
    /// How long a question of the agent's own prompt may stand.
    public var promptTimeoutMs = 120_000
    /// Whether the user is told on the desktop.
    public var notifications = true

    public init() {}

    func consent(of account: String) -> ConsentPolicy { accountConsent[account] ?? consent }

    mutating func apply(_ file: ConfigurationFile, folder: String) {
        consent = file.consent ?? consent
        for (account, settings) in file.accounts ?? [:] {
            accountConsent[account] = settings.consent ?? accountConsent[account]
        }
        quotas.loginToken = file.limits?.loginToken ?? quotas.loginToken
        quotas.wrongPassword = file.limits?.wrongPassword ?? quotas.wrongPassword
        quotas.requester = file.limits?.requester ?? quotas.requester
        if let path = file.caFile { caFile = path.hasPrefix("/") ? path : "\(folder)/\(path)" }
        lockWithScreen = file.lockWithScreen ?? lockWithScreen
        storage = file.storage ?? storage
        notifications = file.notifications ?? notifications
        promptTimeoutMs = file.promptTimeoutMs ?? promptTimeoutMs
        restrictedSocket = file.restrictedSocket ?? restrictedSocket
        socket.messageBytes = file.socket?.messageBytes ?? socket.messageBytes
        socket.inFlight = file.socket?.inFlight ?? socket.inFlight
        socket.connections = file.socket?.connections ?? socket.connections
        socket.connectionsPerProcess = file.socket?.connectionsPerProcess ?? socket.connectionsPerProcess
        socket.pendingBytes = file.socket?.pendingBytes ?? socket.pendingBytes
        socket.batchBytes = file.socket?.batchBytes ?? socket.batchBytes
        socket.lineMs = file.socket?.lineMs ?? socket.lineMs
    }
}

/// The form of `config.json5` and of the files in `config.d`: everything may be left out.
struct ConfigurationFile: Decodable, Sendable {
    struct AccountSettings: Decodable, Sendable {
        var consent: ConsentPolicy?
    }

    struct Limits: Decodable, Sendable {
        var loginToken: Quota?
        var wrongPassword: Quota?
        var requester: Quota?
    }

    struct Socket: Decodable, Sendable {
        var messageBytes: Int?
        var inFlight: Int?
        var connections: Int?
        var connectionsPerProcess: Int?
        var pendingBytes: Int?
        var batchBytes: Int?
        var lineMs: Int?
    }

    var consent: ConsentPolicy?
    var accounts: [String: AccountSettings]?
    var limits: Limits?
    var caFile: String?
    var lockWithScreen: Bool?
    var storage: StorageSetting?
    var socket: Socket?
    var restrictedSocket: RestrictedSocket?
    /// For jeton-prompt, which reads it itself.
    var pinentry: String?
    var promptTimeoutMs: Int?
    var notifications: Bool?
}
