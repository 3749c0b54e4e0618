internal import Glibc
internal import JetonAPI
internal import Processes

/// This program by another name, behind the user's back: it waits until a login token is of no more use, and clears the
/// clipboard if that still holds it. So it does where it is told to end.
enum ClipboardKeeper {
    static let name = "jeton-clipboard"

    /// - Throws: where nobody can be left behind.
    static func start(_ tool: ClipboardTool, _ token: Secret, _ life: TokenLife) throws(Failure) {
        // The token comes by a pipe: arguments and environment can be read by others.
        let arguments = [
            name, tool.name, life.tokenId, life.account, "\(life.expiresAt.millisecondsSince1970)", life.socket,
        ]
        guard let program = Execution.path, let pipe = try? Inheritance(Array(token.reveal().utf8)),
            Background.start(program: program, arguments, reading: pipe, holding: TokenLife.endings)
        else { throw Failure(.failed, "nobody could be left behind to clear the clipboard: do that yourself") }
    }

    static func run(_ arguments: [String]) {
        guard arguments.count == 5, let tool = ClipboardTool.named(arguments[0]), let end = Int64(arguments[3]),
            let token = StandardInput.token()
        else { exit(ExitStatus.usage.rawValue) }
        let life = TokenLife(
            tokenId: arguments[1],
            account: arguments[2],
            expiresAt: Moment(millisecondsSince1970: end),
            socket: arguments[4]
        )
        _ = life.end(TokenLife.wakening())
        tool.clear(holding: token)
    }
}
