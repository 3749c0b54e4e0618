public struct HandOverLoginToken: Method, Equatable {
    public static let name = "login_token.hand_over"
    public static let summary = """
        Signs a client on this machine in that has opened an SSO address: mints a login token and delivers it to where \
        the client waits for the browser: a listener of the user's on loopback, or an address that the desktop's portal \
        opens. To a website nothing is minted. \
        Consent is as at login_token.generate; its errors tell account and destination besides.
        """
    public static let errors = GenerateLoginToken.errors
    public static var example: MethodExample<HandOverLoginToken> {
        .init(
            HandOverLoginToken(
                ssoUrl: "https://matrix.example.org/_matrix/client/v3/login/sso/redirect?redirectUrl="
                    + "http%3A%2F%2Flocalhost%3A38080%2F",
                prompt: .agent
            ),
            gives: Result(deliveredTo: "http://localhost:38080", tokenId: "t-4e9mZ2Lq")
        )
    }

    public var ssoUrl: String
    public var account: String?
    public var purpose: String?
    public var auth: AuthDictionary?
    public var consent: GenerateLoginToken.Consent?
    public var prompt: GenerateLoginToken.Prompt?
    public var terminal: CallerTerminal?
    public var waitMs: Int?

    public init(
        ssoUrl: String,
        account: String? = nil,
        purpose: String? = nil,
        auth: [String: JSONValue]? = nil,
        consent: GenerateLoginToken.Consent? = nil,
        prompt: GenerateLoginToken.Prompt? = nil,
        terminal: CallerTerminal? = nil,
        waitMs: Int? = nil
    ) {
        self.ssoUrl = ssoUrl
        self.account = account
        self.purpose = purpose
        self.auth = auth.map { AuthDictionary($0) }
        self.consent = consent
        self.prompt = prompt
        self.terminal = terminal
        self.waitMs = waitMs
    }

    /// Either delivered, or to be opened in a real browser.
    public struct Result: Codable, Sendable, Equatable {
        public var deliveredTo: String?
        public var tokenId: String?
        public var openUrl: String?

        public init(deliveredTo: String? = nil, tokenId: String? = nil, openUrl: String? = nil) {
            self.deliveredTo = deliveredTo
            self.tokenId = tokenId
            self.openUrl = openUrl
        }
    }
}

/// Where a login token is delivered: a listener of the user's on this machine, or a program that the desktop opens.
public struct Destination: Codable, Sendable, Equatable {
    /// As the client has it: localhost, 127.0.0.1 or [::1]; or the scheme of its addresses, as in im.fluffychat.auth:
    public var address: String
    /// Nil where the desktop opens a program.
    public var port: Int?
    /// What the desktop opens for such addresses, by name.
    public var application: String?
    /// The process that listens; nil where the agent cannot see it, and so for what follows.
    public var pid: Int?
    public var command: String?
    public var unit: String?

    public init(
        address: String,
        port: Int? = nil,
        application: String? = nil,
        pid: Int? = nil,
        command: String? = nil,
        unit: String? = nil
    ) {
        self.address = address
        self.port = port
        self.application = application
        self.pid = pid
        self.command = command
        self.unit = unit
    }

    /// For people, names that others chose in quotes: `“chat” (99), which waits at localhost port 38080`.
    public var words: String {
        let place = PlainText.word(address)
        guard let port else {
            return "\(application.map(PlainText.quoted) ?? "a program"), which the desktop opens for \(place)…"
        }
        let who = pid.map { "\(command.map(PlainText.quoted) ?? "a program") (\($0)), which waits" } ?? "what waits"
        return "\(who) at \(place) port \(port)"
    }
}
