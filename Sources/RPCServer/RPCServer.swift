public import JetonAPI
internal import NIOPosix
public import ServiceLifecycle

/// Serves JSON-RPC 2.0 on listening Unix sockets, one message a line.
public struct RPCServer: Service, CustomStringConvertible {
    /// A listening socket, and what is answered there.
    public struct Socket: Sendable {
        public var descriptor: CInt
        public var name: Caller.Socket
        public var table: MethodTable<Caller>

        public init(descriptor: CInt, name: Caller.Socket, table: MethodTable<Caller>) {
            self.descriptor = descriptor
            self.name = name
            self.table = table
        }
    }

    public var description: String { "RPCServer" }

    /// On what terms clients are let in.
    struct Terms: Sendable {
        let limits: CurrentLimits
        /// Who alone may connect.
        let uid: Int
        let identify: @Sendable (CInt) throws -> Peer
        /// Told of each connection, whether it is served.
        let admitted: @Sendable (Bool) -> Void
    }

    private let inbox: Inbox
    private let thread: ThreadBound<ServingThread>
    private let entrances: ThreadBound<[Entrance]>
    private let open: ThreadBound<OpenConnections>

    /// Takes over listening sockets; from now on clients can connect, and wait for `run` to be served.
    /// - Parameters:
    ///   - sockets: listening Unix stream sockets.
    ///   - limits: what a client may make us hold for it; how many connections there may be to each socket.
    ///   - uid: who alone may connect.
    ///   - identify: tells the process at the other end of a connected socket; on the way of every connection.
    ///   - admitted: told of each connection, whether it is served or refused.
    ///   - ebbed: called when half of a crowd of connections has gone, so that there is memory to give back.
    /// - Throws: an error of the kernel's, where a socket is none.
    public init(
        listeningOn sockets: [Socket],
        limits: CurrentLimits = CurrentLimits(),
        uid: Int,
        identify: @escaping @Sendable (CInt) throws -> Peer,
        admitted: @escaping @Sendable (Bool) -> Void = { _ in },
        ebbed: @escaping @Sendable () -> Void = {}
    ) throws {
        let thread = try ServingThread()
        let open = OpenConnections(limits: limits, ebbed: ebbed) { thread.end() }
        let terms = Terms(limits: limits, uid: uid, identify: identify, admitted: admitted)
        inbox = thread.inbox
        entrances = ThreadBound(try sockets.map { try Entrance($0, terms, thread, open) }, inbox)
        self.open = ThreadBound(open, inbox)
        self.thread = ThreadBound(thread, inbox)
    }

    /// Serves until it is told to stop; then answers under way still go out.
    public func run() async throws {
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                // Ignoring failures: there is none but that of having been cancelled before.
                try? await pool.runIfActive {
                    inbox.settleHere()
                    thread.value.run()
                }
            } onGracefulShutdown: {
                stop { $0.stop() }
            }
        } onCancel: {
            stop { $0.abort() }
        }
        try await pool.shutdownGracefully()
    }

    /// Has something done on the thread that serves, while it does.
    public func perform(_ action: @escaping @Sendable () -> Void) { inbox.execute(action) }

    private func stop(_ end: @escaping @Sendable (OpenConnections) -> Void) {
        inbox.execute {
            for entrance in entrances.value { entrance.close() }
            end(open.value)
        }
    }
}
