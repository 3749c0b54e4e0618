internal import ArgumentParser
internal import JetonAPI

struct TokenCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Mints a login token, with which another client can sign in once as you.",
        discussion: """
            Standard output gets the login token and nothing else. It is worth as much as your password for the \
            minutes that it lives, so a terminal gets it only with --show. It is no access token: the other client \
            signs in with it (m.login.token).

            With --qr the phone's camera gets it: as a link to Cinny, a client that takes such links, or as text.

            With --copy the clipboard gets it: by wl-copy on Wayland and by xclip or xsel on X11, which have to be \
            installed, else by the terminal itself (OSC 52), also over SSH and in tmux or screen. It is cleared from \
            there once it was used or its life is over, on a desktop unless something else was copied since. Programs \
            that keep what was copied may have it in their history: it is worth nothing then. Only this command can \
            clear a terminal's clipboard, and nobody can look what that holds: so it waits until then, or for Ctrl-C, \
            and overwrites whatever is there.

            The homeserver decides how you show that it is you: what can be asked is asked on the terminal, all else \
            you confirm in a browser, for which the command waits.
            """
    )

    @Flag(help: "Print the login token even to a terminal.")
    var show = false

    @Flag(help: "Copy the login token to the clipboard instead, and clear it from there once it is of no more use.")
    var copy = false

    @Flag(help: "Wait until the login token was used, and tell by which device; status 124 says by none.")
    var waitRedeemed = false

    @OptionGroup var code: QROptions
    @OptionGroup var minting: MintingOptions
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard !code.isWanted || !shared.json else { throw ValidationError("A QR code and --json exclude each other.") }
        guard !copy || !(code.isWanted || shared.json || show) else {
            throw ValidationError("--copy excludes --show, --json and a QR code: the token is for one sign-in.")
        }
    }

    func run() throws {
        // Before anything is minted: a token that nobody sees would be lost.
        guard show || copy || code.isWanted || !Output.isTerminal else {
            throw Failure(.usage, "standard output is a terminal; add --copy, or --show to print the login token there")
        }
        guard show || !code.qr || Output.isTerminal else {
            throw Failure(.usage, "no camera sees standard output, which is no terminal; add --show to draw it there")
        }
        guard copy || code.isWanted || Output.isOpen else {
            throw Failure(.usage, "standard output is closed, so nobody would have the login token; nothing was minted")
        }
        let clipboard = copy ? try Clipboard.find() : nil
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
        if let clipboard {
            try LoginTokenCopy(token: token, socket: try SocketPath.find(option: shared.socket)).deliver(to: clipboard)
        } else {
            try show(token, on: canvas)
        }
        if let redemption { return try redemption.run(token) }
        if !shared.json { Output.complain(RedemptionWait.unverified) }
    }

    private func show(_ token: GenerateLoginToken.Result, on canvas: QRCanvas?) throws {
        guard !shared.json else { return Output.say(json: token) }
        let user = PlainText.word(token.userId)
        Output.complain("Login token for \(user), for one sign-in (m.login.token) until \(token.expiresAt):")
        guard let canvas else { return Output.say(token.loginToken.reveal()) }
        try canvas.draw(token)
    }
}
