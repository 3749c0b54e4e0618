internal import Agent
internal import JetonAPI
internal import NIOCore
internal import Prompting

extension Desktop {
    /// Long enough for a program that must be started to show something, and nobody waits for it.
    private static let showing = Duration.seconds(30)

    /// By jeton-desktop, at its socket.
    /// - Parameters:
    ///   - option: where that is, if not at the usual place.
    ///   - loop: where its connections are served.
    ///   - isSupervised: whether systemd runs the agent; then it must be systemd that listens there too.
    init(at option: String?, on loop: any EventLoop, isSupervised: Bool) {
        guard let path = option ?? (try? SocketPath.desktop()) else {
            let problem = "XDG_RUNTIME_DIR is not set, so there is no usual place for jeton-desktop's socket"
            self.init(tell: { _ in .failed(reason: problem) })
            return
        }
        let socket = DesktopSocket(
            ActivatedProgram("jeton-desktop", at: path, on: loop, isSupervised: isSupervised)
        )
        self.init(tell: { await socket.ask(.tell($0), within: Self.showing) })
    }
}
