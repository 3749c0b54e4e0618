internal import ArgumentParser
internal import JetonAPI
internal import Processes
internal import RPCClient

struct HandoverCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "handover",
        abstract: "Signs a client in that has opened an SSO address, and waits for the browser on this machine.",
        discussion: """
            The address is what the client opened, or printed: …/login/sso/redirect?redirectUrl=…. The agent mints a \
            login token and delivers it by itself, to a listener of yours alone, or has the desktop's portal open the \
            client's own address (element:, im.fluffychat.auth:), if the token does not end in its arguments there. An \
            address that leads back to a website is opened in a browser instead, and nothing is minted.

            Where there is no terminal to ask you on, the agent asks by its own prompt.
            """
    )

    @Argument(help: "The SSO address.")
    var url: String

    /// By the stand-in: what the agent does not do, the real browser does.
    @Flag(help: .hidden)
    var insteadOfBrowser = false

    @OptionGroup var minting: MintingOptions
    @OptionGroup var shared: SharedOptions

    func run() throws {
        do {
            try handOver()
        } catch {
            guard insteadOfBrowser else { throw error }
            if Self.isForBrowser(error), Browser.open(url) { return }
            Self.tell(error)
            throw error
        }
    }

    /// A client waits for minutes, and a limit of the homeserver's usually lasts for one.
    private static let patience = 90_000

    /// Whether a browser may try what has failed: not where the user has said no, and not where a token was minted.
    private static func isForBrowser(_ error: any Error) -> Bool {
        switch error {
        case let failure as Failure: failure.status == .agentUnreachable
        case RPCClient.Problem.unreachable, RPCClient.Problem.impostor: true
        // Nobody here can bring it there.
        case RPCClient.Problem.refused(let refusal) where refusal.data["open_url"] != nil: true
        // The client may listen by the time that a person has signed in there.
        case RPCClient.Problem.refused(let refusal) where refusal.data["listener"] == "missing": true
        case RPCClient.Problem.refused(let refusal):
            switch refusal.kind {
            case .invalidParams, .methodNotFound, .notLoggedIn, .sessionExpired, .unsupportedByHomeserver, .rateLimited,
                .locked, .promptUnavailable, .busy, .homeserverError, .homeserverUnreachable:
                true
            default: false
            }
        default: false
        }
    }

    /// Nobody looks at what is printed here; who has said no knows that.
    private static func tell(_ error: any Error) {
        let failure = (error as? RPCClient.Problem).map { Failure($0) } ?? error as? Failure
        guard let failure, failure.agentError?.kind != .consentDenied else { return }
        SystemLog.note(Output.plain(failure.message), as: BrowserStandIn.name)
        DesktopNotice.show("A client was not signed in", failure.message)
    }

    private func handOver() throws {
        try requireAddress()
        let isAsked = !insteadOfBrowser && (Terminal() != nil || minting.passwordStdin)
        let request = HandOverLoginToken(
            ssoUrl: url,
            account: minting.account.account,
            purpose: minting.purpose,
            prompt: isAsked ? minting.prompt : .agent,
            terminal: Terminal.own,
            // Rather than sign in by hand after the user has agreed already.
            waitMs: insteadOfBrowser ? Self.patience : nil
        )
        // Which account is meant the agent finds out by the address.
        var conversation = minting.minting(try shared.connect(), minting.account.account ?? "")
        let result = try conversation.run(request)
        if shared.json { Output.say(json: result) }
        if let address = result.openUrl { return open(address) }
        guard !shared.json else { return }
        Output.say("The client at \(result.deliveredTo ?? url) has its login token, and signs itself in.")
        Output.complain("Its new session is not verified for end-to-end encryption yet: do that from another one.")
    }

    /// Here already: an address may be longer than any request, and then the agent hears of no address at all.
    private func requireAddress() throws(Failure) {
        do {
            _ = try SSOAddress(url)
        } catch {
            var failure = Failure(.usage, "the address \(error.reason)")
            failure.agentError = .invalidParams("sso_url \(error.reason)", field: "sso_url")
            throw failure
        }
    }

    private func open(_ address: String) {
        let isOpened = !minting.noBrowser && Browser.open(address)
        let reason = "The address leads back to a website, not to a client on this machine. No login token was minted."
        Output.complain(
            isOpened ? "\(reason) It was opened in a browser." : "\(reason) In a browser, open:\n  \(address)"
        )
    }
}
