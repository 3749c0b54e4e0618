internal import Agent
internal import JetonAPI
internal import NIOCore
internal import Prompting

extension Desktop {
    /// By jeton-desktop, at its socket.
    /// - Parameters:
    ///   - option: where that is, if not at the usual place.
    ///   - loop: where its connections are served.
    ///   - isSupervised: whether systemd runs the agent.
    init(at option: String?, on loop: any EventLoop, isSupervised: Bool) {
        let path = option ?? (try? SocketPath.desktop())
        do throws(ActivatedProgram.NoPlace) {
            let program = try ActivatedProgram("jeton-desktop", at: path, on: loop, isSupervised: isSupervised)
            let socket = DesktopSocket(program)
            self.init(ask: { await socket.ask($0, within: $0.patience) })
        } catch {
            self.init(ask: { _ in .failed(reason: error.reason) })
        }
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
