internal import Agent
internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import NIOCore
internal import Prompting
internal import Systemd

extension Prompter {
    /// Asks by jeton-prompt, at its socket.
    /// - Parameters:
    ///   - option: where that is, if not at the usual place.
    ///   - loop: where its connections are served.
    ///   - isSupervised: whether systemd runs the agent; then it must be systemd that listens there too.
    init(at option: String?, on loop: any EventLoop, isSupervised: Bool) {
        guard let path = option ?? (try? SocketPath.prompt()) else {
            let problem = "XDG_RUNTIME_DIR is not set, so there is no usual place for jeton-prompt's socket"
            self.init(obstacle: { problem }, ask: { _ in .unavailable(problem) })
            return
        }
        let socket = PromptSocket(path, on: loop) { listener in
            // Another program of the user's could ask for the password itself.
            listener.uid == Int(geteuid())
                && (!isSupervised || PeerProcess.unit(of: listener.pid) == Self.managersUnit)
        }
        self.init(
            obstacle: { FileManager.default.fileExists(atPath: path) ? nil : PromptSocket.missing(path) },
            ask: { await socket.ask($0) }
        )
    }

    /// The unit in which the user's service manager itself runs.
    private static let managersUnit = "init.scope"
}
