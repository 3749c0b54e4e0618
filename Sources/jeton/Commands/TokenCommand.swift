internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Mints a login token, with which another client can sign in once as you.",
        discussion: """
            Standard output gets the login token and nothing else. It is worth as much as your password for the
            minutes that it lives, so a terminal gets it only with --show. It is no access token: the other client
            signs in with it (m.login.token).

            The homeserver decides how you show that it is you: what can be asked is asked on the terminal, all else
            you confirm in a browser, for which the command waits.
            """
    )

    @Option(help: "What the token is for, as it shall stand in the agent's list.")
    var purpose: String?

    @Flag(help: "Print the login token even to a terminal.")
    var show = false

    @Flag(help: "Read the password from standard input, where the homeserver wants one.")
    var passwordStdin = false

    @Flag(help: "Print addresses, instead of opening a browser.")
    var noBrowser = false

    @Flag(help: "Wait where a limit stands in the way, instead of failing with status 5.")
    var wait = false

    @Flag(help: "Let the agent ask you by its own prompt, so that this command learns no password.")
    var agentPrompt = false

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
        // Before anything is minted: a token that nobody sees would be lost.
        guard show || !Output.isTerminal else {
            throw Failure(.usage, "standard output is a terminal; add --show to print the login token there")
        }
        let agent = try shared.connect()
        let account = try account.resolveIfTold(by: agent)
        var minting = TokenMinting(
            agent: agent,
            account: account,
            purpose: purpose,
            waits: wait,
            prompt: agentPrompt ? .agent : nil,
            stages: StageAnswers(account: account ?? "", readsPassword: passwordStdin, opensBrowser: !noBrowser)
        )
        let token = try minting.run()
        guard !shared.json else { return Output.say(json: token) }
        Output.complain("Login token for \(token.userId), for one sign-in (m.login.token) until \(token.expiresAt):")
        Output.say(token.loginToken.reveal())
    }
}
