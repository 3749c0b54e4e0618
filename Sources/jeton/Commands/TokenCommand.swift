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

    @Flag(help: "Print the login token even to a terminal.")
    var show = false

    @OptionGroup var minting: MintingOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        // Before anything is minted: a token that nobody sees would be lost.
        guard show || !Output.isTerminal else {
            throw Failure(.usage, "standard output is a terminal; add --show to print the login token there")
        }
        let token = try minting.mint(try shared.connect())
        guard !shared.json else { return Output.say(json: token) }
        Output.complain("Login token for \(token.userId), for one sign-in (m.login.token) until \(token.expiresAt):")
        Output.say(token.loginToken.reveal())
    }
}
