internal import Glibc
internal import NIOCore
internal import Prompting
internal import Systemd

extension ActivatedProgram {
    /// Nobody has said where it listens.
    struct NoPlace: Error {
        /// A sentence without its full stop.
        let reason: String
    }

    /// The unit in which the user's service manager itself runs.
    private static let managersUnit = "init.scope"

    /// One that only the user's own service manager can have listen there, where it runs the agent too: another program
    /// of the user's could ask for the password itself, or take the token.
    /// - Parameters:
    ///   - name: as in `jeton-prompt`.
    ///   - path: where it listens; nil: there is no usual place for that.
    ///   - loop: where its connections are served.
    ///   - isSupervised: whether systemd runs the agent; then it must be systemd that listens there too.
    /// - Throws: where there is no place.
    init(_ name: String, at path: String?, on loop: any EventLoop, isSupervised: Bool) throws(NoPlace) {
        guard let path else {
            throw NoPlace(reason: "XDG_RUNTIME_DIR is not set, so there is no usual place for \(name)'s socket")
        }
        self.init(name, at: path, on: loop) { listener in
            listener.uid == Int(geteuid())
                && (!isSupervised || PeerProcess.unit(of: listener.pid) == Self.managersUnit)
        }
    }
}
