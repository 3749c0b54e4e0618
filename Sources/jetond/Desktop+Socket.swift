internal import Agent
internal import JetonAPI
internal import NIOCore
internal import Prompting

extension Desktop {
    /// By jeton-desktop, at its socket.
    /// - Parameters:
    ///   - option: where that is, if not at the usual place.
    ///   - loop: where its connections are served.
    ///   - isSupervised: whether systemd runs the agent; then it must be systemd that listens there too.
    init(at option: String?, on loop: any EventLoop, isSupervised: Bool) {
        guard let path = option ?? (try? SocketPath.desktop()) else {
            let problem = "XDG_RUNTIME_DIR is not set, so there is no usual place for jeton-desktop's socket"
            self.init(ask: { _ in .failed(reason: problem) })
            return
        }
        let socket = DesktopSocket(
            ActivatedProgram("jeton-desktop", at: path, on: loop, isSupervised: isSupervised)
        )
        self.init(ask: { await socket.ask($0, within: $0.patience) })
    }
}

extension DesktopTask {
    /// A little longer than jeton-desktop itself takes: what is to show or open something may have to be started.
    fileprivate var patience: Duration {
        switch self {
        case .tell, .find: .seconds(45)
        case .open: .seconds(120)
        }
    }
}
