internal import JetonAPI
internal import Processes

/// A login token that is copied, and what is done so that it does not stay.
struct LoginTokenCopy {
    let token: GenerateLoginToken.Result
    /// The agent's, who knows when it was used.
    let socket: String

    /// - Throws: where it could not be copied, or cannot be cleared.
    func deliver(to clipboard: Clipboard) throws(Failure) {
        switch clipboard {
        case .desktop(let tool):
            // Before it is copied: whatever ends this command then, it does not stay.
            try ClipboardKeeper.start(tool, token.loginToken, life)
            guard tool.copy(token.loginToken) else {
                throw Failure(.failed, "the login token was minted, and \(tool.name) could not copy it: it is lost")
            }
            Output.complain("Copied\(what). It is cleared from the clipboard then, or once it was used.")
        case .terminal(let terminal):
            let wakening = TokenLife.wakening()
            terminal.copy(token.loginToken)
            Output.complain(
                """
                Copied\(what): by the terminal, if it does so (OSC 52). Nobody else clears its clipboard, so this \
                command waits until then, or until the token was used. Ctrl-C clears it now.
                """
            )
            let end = life.end(wakening)
            terminal.clear()
            Output.complain("The clipboard is cleared.")
            if case .signal(let signal) = end { Wakening.obey(signal) }
        }
    }

    private var what: String {
        " the login token for \(token.userId), for one sign-in (m.login.token) until \(token.expiresAt)"
    }

    private var life: TokenLife {
        TokenLife(tokenId: token.tokenId, account: token.userId, expiresAt: token.expiresAt, socket: socket)
    }
}
