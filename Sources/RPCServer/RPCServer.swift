public import JetonAPI
public import NIOCore
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

    private let eventLoop: any EventLoop
    private let listeners: [any Channel]
    private let open: NIOLoopBound<OpenConnections>
    /// Comes true when after a stop the last connection has ended.
    private let ended: EventLoopFuture<Void>

    /// Takes over listening sockets; from now on clients can connect, and wait for `run` to be served.
    /// - Parameters:
    ///   - sockets: listening Unix stream sockets.
    ///   - eventLoop: where they and all their connections are served.
    ///   - limits: what a client may make us hold for it; how many connections there may be to each socket.
    ///   - uid: who alone may connect.
    ///   - identify: tells the process at the other end of a connected socket; on the way of every connection.
    ///   - admitted: told of each connection, whether it is served or refused.
    ///   - ebbed: called when half of a crowd of connections has gone, so that there is memory to give back.
    /// - Throws: an error of the kernel's, where a socket is none.
    public init(
        listeningOn sockets: [Socket],
        on eventLoop: any EventLoop,
        limits: CurrentLimits = CurrentLimits(),
        uid: Int,
        identify: @escaping @Sendable (CInt) throws -> Peer,
        admitted: @escaping @Sendable (Bool) -> Void = { _ in },
        ebbed: @escaping @Sendable () -> Void = {}
    ) async throws {
        self.eventLoop = eventLoop
        let promise = eventLoop.makePromise(of: Void.self)
        ended = promise.futureResult
        let open = try await eventLoop.submit {
            NIOLoopBound(OpenConnections(limits: limits, ebbed: ebbed) { promise.succeed() }, eventLoop: eventLoop)
        }.get()
        self.open = open
        var listeners: [any Channel] = []
        for socket in sockets {
            let entrance = Entrance(
                socket: socket.name,
                table: socket.table,
                limits: limits,
                uid: uid,
                identify: identify,
                admitted: admitted,
                executor: EventLoopTaskExecutor(eventLoop),
                open: open
            )
            listeners.append(try await Self.listen(socket.descriptor, on: eventLoop, entrance))
        }
        self.listeners = listeners
    }

    private static func listen(
        _ descriptor: CInt,
        on eventLoop: any EventLoop,
        _ entrance: Entrance
    ) async throws -> any Channel {
        try await ServerBootstrap(group: eventLoop)
            // Out of descriptors, accepting again at once would fail again at once: wait a second instead.
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
                }
            }
            .serverChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let mark = ChannelOptions.Types.WriteBufferWaterMark(low: 1, high: entrance.limits.now.pendingBytes)
                    try channel.syncOptions?.setOption(.writeBufferWaterMark, value: mark)
                    try channel.pipeline.syncOperations.addHandler(ConnectionHandler(entrance))
                }
            }
            .withBoundSocket(descriptor)
            .get()
    }

    /// Serves until it is told to stop; then answers under way still go out.
    public func run() async throws {
        for listener in listeners { try await listener.setOption(.autoRead, value: true).get() }
        await withTaskCancellationHandler {
            await withGracefulShutdownHandler {
                // Ignoring failures: there is none.
                try? await ended.get()
            } onGracefulShutdown: {
                stop { $0.stop() }
            }
        } onCancel: {
            stop { $0.abort() }
        }
    }

    private func stop(_ end: @escaping @Sendable (OpenConnections) -> Void) {
        eventLoop.execute {
            for listener in listeners { listener.close(promise: nil) }
            // In a later turn of the loop: whom the listeners have accepted last comes in before.
            eventLoop.execute { end(open.value) }
        }
    }
}
