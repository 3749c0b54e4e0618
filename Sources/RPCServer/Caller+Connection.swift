internal import JetonAPI
internal import NIOCore
internal import Synchronization

extension Caller {
    /// The caller at the other end of a connection.
    init(
        _ handler: ConnectionHandler,
        on channel: any Channel,
        number: Int,
        _ socket: Socket,
        _ peer: Peer,
        _ limits: SocketLimits
    ) {
        let connection = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        let outlet = Outlet(channel, maximumBytes: limits.pendingBytes)
        self.init(
            connection: number,
            socket: socket,
            peer: Peer(pid: peer.pid, uid: peer.uid) {
                // Once the connection has ended, its descriptor may be that of another one.
                channel.isActive ? peer.requester() : Requester(pid: peer.pid, uid: peer.uid)
            },
            send: { outlet.send($0) },
            withdraw: { connection.value.cancel($0) },
            observeEnd: { action in channel.closeFuture.whenComplete { _ in action() } },
            observeReading: { action in channel.eventLoop.execute { connection.value.whenReading(action) } }
        )
    }
}

/// The way of notifications to a client: bounded, and open to every thread.
private final class Outlet: Sendable {
    private let channel: any Channel
    private let maximumBytes: Int
    /// What is on its way to the event loop; from there on the channel counts.
    private let underWay = Atomic(0)

    init(_ channel: any Channel, maximumBytes: Int) {
        self.channel = channel
        self.maximumBytes = maximumBytes
    }

    /// False where the client has gone, or has too much to read already.
    func send(_ message: [UInt8]) -> Bool {
        guard channel.isActive, channel.isWritable, underWay.load(ordering: .relaxed) < maximumBytes else {
            return false
        }
        underWay.wrappingAdd(message.count, ordering: .relaxed)
        channel.eventLoop.execute { [self] in
            underWay.wrappingSubtract(message.count, ordering: .relaxed)
            var buffer = channel.allocator.buffer(capacity: message.count + 1)
            buffer.writeBytes(message)
            buffer.writeInteger(UInt8(ascii: "\n"))
            channel.writeAndFlush(buffer, promise: nil)
        }
        return true
    }
}
