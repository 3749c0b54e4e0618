internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct LoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Signs the agent in to an account.",
        discussion: """
            The password is asked for on the terminal, or read from standard input with --password-stdin. It is used
            once and not kept; what the agent keeps is the session.
            """
    )

    @Argument(help: "The user id, as in @you:example.org.")
    var userId: String?

    @Option(help: "The homeserver's address, as in https://matrix.example.org; found by the user id if left out.")
    var homeserver: String?

    @Option(help: "What the new device is called in your list of sessions.")
    var deviceName: String?

    @Flag(help: "Read the password from standard input.")
    var passwordStdin = false

    @Flag(help: "Take an existing session over: read its access token from standard input.")
    var accessTokenStdin = false

    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard !(passwordStdin && accessTokenStdin) else {
            throw ValidationError("--password-stdin and --access-token-stdin exclude each other.")
        }
        guard !accessTokenStdin || userId != nil || homeserver != nil else {
            throw ValidationError("With --access-token-stdin, give the user id or --homeserver.")
        }
    }

    func run() throws {
        let agent = try shared.connect()
        var request = LogIn(userId: userId, homeserver: homeserver, deviceName: deviceName)
        if accessTokenStdin {
            request.accessToken = Secret(try StandardInput.line("access token"))
        } else {
            let user = try userId ?? ask("User id (@you:example.org): ", for: "the user id", echoing: true)
            request.userId = user
            let question = "Password of \(Output.plain(user)): "
            let password =
                try passwordStdin
                ? StandardInput.line("password") : ask(question, for: "--password-stdin", echoing: false)
            request.password = Secret(password)
        }
        let account = try agent.call(request).account
        guard !shared.json else { return Output.say(json: AccountResult(account: account)) }
        Output.say("Signed in as \(account.userId) at \(account.homeserver), device \(Output.plain(account.deviceId)).")
        if !account.loginTokens.supported { Output.complain(Self.hint(account.loginTokens)) }
    }

    private func ask(_ question: String, for option: String, echoing: Bool) throws -> String {
        guard let terminal = Terminal() else {
            throw Failure(.noPrompt, "there is no terminal to ask on; give \(option)")
        }
        guard let answer = terminal.ask(question, echoing: echoing), !answer.isEmpty else {
            throw Failure(.failed, "nothing was entered; nothing was done")
        }
        return answer
    }

    private static func hint(_ support: Account.LoginTokens) -> String {
        switch support.reason {
        case .switchedOff:
            "Note: this homeserver has login tokens switched off; its administrator can allow them "
                + "(Synapse: login_via_existing_session.enabled)."
        case .oauthServer: "Note: this homeserver signs in with OAuth 2.0; login tokens cannot be minted there."
        case .available, .unknownServer, nil: "Note: whether this homeserver mints login tokens is not known yet."
        }
    }
}
