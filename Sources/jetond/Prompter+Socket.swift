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
        let program = ActivatedProgram("jeton-prompt", at: path, on: loop, isSupervised: isSupervised)
        let socket = PromptSocket(program)
        self.init(
            obstacle: { FileManager.default.fileExists(atPath: path) ? nil : program.missing },
            ask: { await socket.ask($0) }
        )
    }
}

extension ActivatedProgram {
    /// One that only the user's own service manager can have listen there, where it runs the agent too: another program
    /// of the user's could ask for the password itself, or take the token.
    init(_ name: String, at path: String, on loop: any EventLoop, isSupervised: Bool) {
        self.init(name, at: path, on: loop) { listener in
            listener.uid == Int(geteuid())
                && (!isSupervised || PeerProcess.unit(of: listener.pid) == Self.managersUnit)
        }
    }

    /// The unit in which the user's service manager itself runs.
    private static let managersUnit = "init.scope"
}
