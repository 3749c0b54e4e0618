internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

/// What every subcommand takes that has a login token minted.
struct MintingOptions: ParsableArguments {
    @Option(help: "What the token is for, as it shall stand in the agent's list.")
    var purpose: String?

    @Flag(help: "Read the password from standard input, where the homeserver wants one.")
    var passwordStdin = false

    @Flag(help: "Print addresses, instead of opening a browser.")
    var noBrowser = false

    @Flag(help: "Wait where a limit stands in the way, instead of failing with status 5.")
    var wait = false

    @Flag(help: "Let the agent ask you by its own prompt, so that this command learns no password.")
    var agentPrompt = false

    @OptionGroup var account: AccountOption

    /// Who asks the user, if not whom the policy says.
    var prompt: GenerateLoginToken.Prompt? { agentPrompt ? .agent : nil }

    /// Has a login token minted for this command.
    func mint(_ agent: RPCClient) throws -> GenerateLoginToken.Result {
        let account = try account.resolveIfTold(by: agent)
        var minting = minting(agent, account ?? "")
        return try minting.run(
            GenerateLoginToken(account: account, purpose: purpose, prompt: prompt, terminal: Terminal.own)
        )
    }

    /// - Parameters:
    ///   - agent: who mints.
    ///   - account: whose password is asked for; where it is not known yet, the agent's question tells.
    /// - Returns: the conversation, not begun yet.
    func minting(_ agent: RPCClient, _ account: String) -> TokenMinting {
        TokenMinting(
            agent: agent,
            purpose: purpose,
            waits: wait,
            stages: StageAnswers(account: account, readsPassword: passwordStdin, opensBrowser: !noBrowser)
        )
    }
}
