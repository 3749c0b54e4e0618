internal import Glibc
internal import JetonAPI
internal import SystemPackage

/// One of the sockets that clients come by, and what all connections that do so have in common.
final class Entrance: Waiting {
    /// Out of descriptors, accepting again at once would fail again at once.
    private static let respite = Duration.seconds(1)

    let socket: Caller.Socket
    let limits: CurrentLimits
    let table: MethodTable<Caller>
    let thread: ServingThread
    let connections: OpenConnections
    private let terms: RPCServer.Terms
    private let listener: CInt
    private var watch: ServingThread.Watch?

    /// - Throws: the kernel's error, where the descriptor is of no listening socket.
    init(
        _ socket: RPCServer.Socket,
        _ terms: RPCServer.Terms,
        _ thread: ServingThread,
        _ connections: OpenConnections
    ) throws(Errno) {
        self.socket = socket.name
        table = socket.table
        limits = terms.limits
        listener = socket.descriptor
        self.terms = terms
        self.thread = thread
        self.connections = connections
        // A client that has gone again by the time that it is accepted must not make us wait for the next one.
        _ = try Errno.check(fcntl(listener, F_SETFL, fcntl(listener, F_GETFL) | O_NONBLOCK))
        watch = try thread.watch(listener, for: .input, self)
    }

    /// One client a turn: whoever is connected has its turn in between.
    func isReady(for readiness: Epoll.Readiness) {
        do throws(Errno) {
            let connection = Connection(try ClientSocket(acceptedBy: listener), self)
            try connection.begin()
        } catch .wouldBlock, .connectionAbort, .interrupted {
            return
        } catch {
            rest()
        }
    }

    private func rest() {
        thread.change(&watch, to: [])
        thread.alarm(at: .now + Self.respite) { self.thread.change(&self.watch, to: .input) }
    }

    /// Nobody is accepted any more.
    func close() {
        guard let watch else { return }
        thread.forget(watch)
        self.watch = nil
        Glibc.close(listener)
    }

    /// Lets a new connection in, or says why not.
    func admit(_ connection: Connection) throws(AgentError) -> Caller {
        var isAdmitted = false
        defer { terms.admitted(isAdmitted) }
        guard let peer = try? terms.identify(connection.socket.descriptor) else {
            throw AgentError(.forbidden, "The kernel does not tell who asks.")
        }
        guard peer.uid == terms.uid else { throw AgentError(.forbidden, "This agent serves its own user only.") }
        let number = try connections.enter(connection, by: socket, pid: peer.pid)
        isAdmitted = true
        return Caller(connection, number: number, self, peer)
    }
}
