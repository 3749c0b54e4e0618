public import JetonAPI
public import NIOCore
internal import NIOPosix
public import ServiceLifecycle
internal import Synchronization

/// Serves JSON-RPC 2.0 on a listening Unix socket, one message a line.
public struct RPCServer: Service, CustomStringConvertible {
    public var description: String { "RPCServer" }

    private let listener: any Channel
    /// Accepted connections. NIO's own stream of them drops what it still holds when the listener closes, and such a
    /// client would wait for ever.
    private let accepted: AsyncStream<any Channel>
    private let socket: Caller.Socket
    private let table: MethodTable<Caller>
    private let limits: SocketLimits
    private let uid: Int
    private let identify: @Sendable (CInt) throws -> Peer
    private let admitted: @Sendable (Bool) -> Void
    private let open: OpenConnections
    /// The last connection that there was.
    private static let number = Atomic(0)

    /// Takes over a listening socket; from now on clients can connect.
    /// - Parameters:
    ///   - descriptor: a listening Unix stream socket.
    ///   - eventLoop: where it and all its connections are served.
    ///   - socket: which of the agent's sockets it is.
    ///   - table: what is answered.
    ///   - limits: what a client may make us hold for it.
    ///   - uid: who alone may connect.
    ///   - identify: tells the process at the other end of a connected socket.
    ///   - admitted: told of each connection, whether it is served or refused.
    /// - Throws: an error of the kernel's, where the socket is none.
    public init(
        listeningOn descriptor: CInt,
        on eventLoop: any EventLoop,
        as socket: Caller.Socket = .agent,
        table: MethodTable<Caller>,
        limits: SocketLimits = SocketLimits(),
        uid: Int,
        identify: @escaping @Sendable (CInt) throws -> Peer,
        admitted: @escaping @Sendable (Bool) -> Void = { _ in }
    ) async throws {
        self.socket = socket
        self.table = table
        self.limits = limits
        self.uid = uid
        self.identify = identify
        self.admitted = admitted
        open = OpenConnections(limits: limits)
        let (accepted, accept) = AsyncStream.makeStream(of: (any Channel).self)
        self.accepted = accepted
        listener = try await ServerBootstrap(group: eventLoop)
            // A connection is read only once the task that serves it has taken it over.
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 1, high: limits.pendingBytes))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let decoder = LineDecoder(maximumLength: limits.messageBytes)
                    try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(decoder))
                    if case .terminated = accept.yield(channel) { throw ChannelError.ioOnClosedChannel }
                }
            }
            .withBoundSocket(descriptor)
            .get()
        listener.closeFuture.whenComplete { _ in accept.finish() }
    }

    /// Serves until it is told to stop; then answers under way still go out.
    public func run() async throws {
        let executor = EventLoopTaskExecutor(listener.eventLoop)
        await withTaskExecutorPreference(executor) {
            await withGracefulShutdownHandler {
                await withDiscardingTaskGroup { group in
                    for await channel in accepted { group.addTask { await serve(channel) } }
                }
            } onGracefulShutdown: {
                listener.close(promise: nil)
            }
        }
    }

    private func serve(_ channel: any Channel) async {
        guard let peer = try? identify(channel) else {
            admitted(false)
            return await refuse(channel, .init(.forbidden, "The kernel does not tell who asks."))
        }
        guard peer.uid == uid else {
            admitted(false)
            return await refuse(channel, .init(.forbidden, "This agent serves its own user only."))
        }
        if let problem = open.enter(pid: peer.pid) {
            admitted(false)
            return await refuse(channel, .init(.busy, "Too many connections: \(problem).", ["limit": .string(problem)]))
        }
        admitted(true)
        let running = RunningRequests(on: EventLoopTaskExecutor(channel.eventLoop))
        let number = Self.number.wrappingAdd(1, ordering: .relaxed).newValue
        await Connection(
            channel: channel,
            caller: Caller(channel, running, number: number, socket: socket, peer: peer),
            running: running,
            table: table,
            limits: limits
        ).serve()
        open.leave(pid: peer.pid)
    }

    private func identify(_ channel: any Channel) throws -> Peer {
        let found = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            try identify($0)
        }
        guard let found else { throw ChannelError.operationUnsupported }
        return found
    }

    private func refuse(_ channel: any Channel, _ error: AgentError) async {
        var buffer = ByteBuffer(bytes: Reply.bytes(id: .null, error: error))
        buffer.writeInteger(UInt8(ascii: "\n"))
        // Ignoring failures: whoever it was has gone.
        try? await channel.writeAndFlush(buffer).get()
        try? await channel.close().get()
    }
}
