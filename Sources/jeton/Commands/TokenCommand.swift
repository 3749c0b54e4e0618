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

            With --qr the phone's camera gets it: as a link to Cinny, a client that takes such links, or as text.

            The homeserver decides how you show that it is you: what can be asked is asked on the terminal, all else
            you confirm in a browser, for which the command waits.
            """
    )

    @Flag(help: "Print the login token even to a terminal.")
    var show = false

    @Flag(help: "Wait until the login token was used, and tell by which device; status 124 says by none.")
    var waitRedeemed = false

    @OptionGroup var code: QROptions
    @OptionGroup var minting: MintingOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard !code.isWanted || !shared.json else { throw ValidationError("A QR code and --json exclude each other.") }
    }

    func run() throws {
        // Before anything is minted: a token that nobody sees would be lost.
        guard show || code.isWanted || !Output.isTerminal else {
            throw Failure(.usage, "standard output is a terminal; add --show to print the login token there")
        }
        guard show || !code.qr || Output.isTerminal else {
            throw Failure(.usage, "no camera sees standard output, which is no terminal; add --show to draw it there")
        }
        let agent = try shared.connect()
        let redemption = waitRedeemed ? try RedemptionWait(agent) : nil
        let canvas = code.isWanted ? try code.prepare() : nil
        let token: GenerateLoginToken.Result
        do {
            token = try minting.mint(agent)
        } catch {
            canvas?.discard()
            throw error
        }
        try deliver(token, on: canvas)
        try redemption?.run(token)
    }

    private func deliver(_ token: GenerateLoginToken.Result, on canvas: QRCanvas?) throws {
        guard !shared.json else { return Output.say(json: token) }
        Output.complain("Login token for \(token.userId), for one sign-in (m.login.token) until \(token.expiresAt):")
        guard let canvas else { return Output.say(token.loginToken.reveal()) }
        try canvas.draw(token)
    }
}
