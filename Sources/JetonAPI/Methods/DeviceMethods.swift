public struct ListDevices: Method, Equatable {
    public static let name = "device.list"
    public static let summary = "Lists what is signed in to an account, the agent's own device first."
    public static let errors: [AgentError.Kind] = [
        .notLoggedIn, .sessionExpired, .rateLimited, .homeserverError, .homeserverUnreachable, .storageFailed,
    ]
    public static var example: MethodExample<ListDevices> {
        .init(ListDevices(), gives: Result(devices: [.example]))
    }

    public var account: String?
    public init(account: String? = nil) { self.account = account }

    public struct Result: Codable, Sendable, Equatable {
        public var devices: [Device]
        public init(devices: [Device]) { self.devices = devices }
    }
}

/// A session of the account, as the homeserver lists it.
public struct Device: Codable, Sendable, Equatable {
    public var deviceId: String
    public var displayName: String?
    public var lastSeenAt: Moment?
    public var lastSeenIp: String?
    public var isCurrent: Bool

    public init(
        deviceId: String,
        displayName: String? = nil,
        lastSeenAt: Moment? = nil,
        lastSeenIp: String? = nil,
        isCurrent: Bool
    ) {
        self.deviceId = deviceId
        self.displayName = displayName
        self.lastSeenAt = lastSeenAt
        self.lastSeenIp = lastSeenIp
        self.isCurrent = isCurrent
    }

    static var example: Device {
        Device(
            deviceId: "DIIDRPWVHJ",
            displayName: "New phone",
            lastSeenAt: .example,
            lastSeenIp: "203.0.113.7",
            isCurrent: false
        )
    }
}

public struct SignOutDevice: Method, Equatable {
    public static let name = "device.sign_out"
    public static let summary = """
        Ends a device of an account, and its session with it. The first call answers auth_required with a challenge, \
        where the homeserver asks; the second brings auth for it. Where it verifies nobody, or asks nothing, the agent \
        asks the user first, by its own prompt, unless consent is caller or none. With prompt: agent the agent asks the \
        user itself, and one call is all. Whatever the user is asked, consent.approve answers as well. The agent's own \
        device is ended by account.logout.
        """
    public static let errors: [AgentError.Kind] = [
        .authRequired, .rateLimited, .notLoggedIn, .sessionExpired, .unsupportedByHomeserver, .homeserverError,
        .homeserverUnreachable, .consentDenied, .consentTimeout, .promptUnavailable, .locked, .forbidden, .busy,
        .outcomeUnknown, .storageFailed, .cancelled,
    ]
    public static var example: MethodExample<SignOutDevice> {
        let auth: [String: JSONValue] = [
            "type": "m.login.password", "challenge": "c-Vj8pQ1XeR0mZ5wLkT2yB7g", "password": "…",
            "identifier": ["type": "m.id.user", "user": "@alice:example.org"],
        ]
        return .init(SignOutDevice(deviceId: "DIIDRPWVHJ", auth: auth), gives: Nothing())
    }

    public typealias Result = Nothing

    public var account: String?
    public var deviceId: String
    /// The specification's authentication dictionary with `challenge` in place of `session`.
    public var auth: AuthDictionary?
    public var prompt: GenerateLoginToken.Prompt?
    public var terminal: CallerTerminal?

    public init(
        account: String? = nil,
        deviceId: String,
        auth: [String: JSONValue]? = nil,
        prompt: GenerateLoginToken.Prompt? = nil,
        terminal: CallerTerminal? = nil
    ) {
        self.account = account
        self.deviceId = deviceId
        self.auth = auth.map { AuthDictionary($0) }
        self.prompt = prompt
        self.terminal = terminal
    }
}
