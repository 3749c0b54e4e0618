internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct LoginCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "login",
        abstract: "Signs the agent in to an account.",
        discussion: """
            The password is asked for on the terminal, or read from standard input with --password-stdin. It is used \
            once and not kept; what the agent keeps is the session.

            With --sso you sign in in a browser, which comes back to the agent. Where the browser runs on another \
            machine it cannot: paste the address that it ends at.
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

    @Flag(help: "Read a login token from standard input, as `jeton token` prints it.")
    var loginTokenStdin = false

    @Flag(help: "Take an existing session over: read its access token from standard input.")
    var accessTokenStdin = false

    @Flag(help: "Sign in in a browser.")
    var sso = false

    @Option(help: "With --sso: the identity provider, by its id; the homeserver asks if left out.")
    var idp: String?

    @Flag(help: "With --sso: print the address, instead of opening a browser.")
    var noBrowser = false

    @Flag(help: "Sign in even where the homeserver cannot mint login tokens for it signs in with OAuth 2.0.")
    var allowUnsupported = false

    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard [passwordStdin, loginTokenStdin, accessTokenStdin, sso].count(where: { $0 }) < 2 else {
            throw ValidationError(
                "--password-stdin, --login-token-stdin, --access-token-stdin and --sso exclude each other."
            )
        }
        guard sso || (idp == nil && !noBrowser) else {
            throw ValidationError("--idp and --no-browser belong to --sso.")
        }
        guard !(accessTokenStdin || loginTokenStdin) || userId != nil || homeserver != nil else {
            throw ValidationError("With a token from standard input, give the user id or --homeserver.")
        }
    }

    func run() throws {
        let account = try sso ? signInByBrowser() : signIn()
        guard !shared.json else { return Output.say(json: AccountResult(account: account)) }
        let (user, device) = (PlainText.word(account.userId), PlainText.word(account.deviceId))
        Output.say("Signed in as \(user) at \(account.homeserver), device \(device).")
        if !account.loginTokens.supported { Output.complain(Self.hint(account.loginTokens)) }
    }

    private func signInByBrowser() throws -> Account {
        // Always somebody in particular: others on this machine may learn where the agent waits for the browser.
        let user = try userId ?? askForUser()
        let login = SSOLogin(shared: shared, opensBrowser: !noBrowser)
        return try login.run(
            BeginSSOLogin(
                userId: user,
                homeserver: homeserver,
                idp: idp,
                deviceName: deviceName,
                allowUnsupported: allowUnsupported ? true : nil
            )
        )
    }

    private func signIn() throws -> Account {
        let agent = try shared.connect()
        var request = LogIn(
            userId: userId,
            homeserver: homeserver,
            deviceName: deviceName,
            allowUnsupported: allowUnsupported ? true : nil
        )
        if accessTokenStdin {
            request.accessToken = Secret(try StandardInput.line("access token"))
        } else if loginTokenStdin {
            request.loginToken = Secret(try StandardInput.line("login token"))
        } else {
            let user = try userId ?? askForUser()
            request.userId = user
            let question = "Password of \(PlainText.word(user)): "
            let password =
                try passwordStdin
                ? StandardInput.line("password") : ask(question, for: "--password-stdin", echoing: false)
            request.password = Secret(password)
        }
        return try agent.call(request).account
    }

    private func askForUser() throws -> String {
        try ask("User id (@you:example.org): ", for: "the user id", echoing: true)
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
