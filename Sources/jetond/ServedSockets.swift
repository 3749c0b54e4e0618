internal import Agent
internal import JetonAPI
internal import RPCServer
internal import Systemd

/// The sockets that the agent listens on: those that systemd passed, and our own for what it did not.
struct ServedSockets {
    /// The names by which systemd passes them.
    static let names = Caller.Socket.allCases.map(\.rawValue)

    private(set) var descriptors: [Caller.Socket: CInt] = [:]
    private(set) var own: [ListeningSocket] = []

    /// - Parameters:
    ///   - passed: what systemd passed.
    ///   - option: where the agent's socket is to be, if not at the usual place.
    ///   - restricted: where the restricted one is to be.
    /// - Throws: what keeps one of them from being made; then none is left behind.
    init(passed: PassedSockets, option: String?, restricted: RestrictedSocket) throws {
        for socket in Caller.Socket.allCases { descriptors[socket] = passed.descriptors[socket.rawValue] }
        do {
            if descriptors[.agent] == nil { try listen(at: SocketPath.find(option: option), as: .agent) }
            guard descriptors[.restricted] == nil else { return }
            switch restricted {
            case .off: break
            case .usual: try listen(at: SocketPath.restricted(), as: .restricted)
            case .path(let path): try listen(at: path, as: .restricted)
            }
        } catch {
            remove()
            throw error
        }
    }

    /// Removes those of our own making.
    func remove() { for socket in own { socket.remove() } }

    /// For the log.
    func place(of socket: Caller.Socket) -> String? {
        guard let descriptor = descriptors[socket] else { return nil }
        return own.first { $0.descriptor == descriptor }?.path ?? "passed by systemd"
    }

    private mutating func listen(at path: String, as socket: Caller.Socket) throws {
        let made = try ListeningSocket(at: path)
        own.append(made)
        descriptors[socket] = made.descriptor
    }
}
