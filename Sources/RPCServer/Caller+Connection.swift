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
        let outlet = Outlet(channel, maximumBytes: limits.pendingBytes) { connection.value.tellReaders() }
        self.init(
            connection: number,
            socket: socket,
            peer: Peer(pid: peer.pid, uid: peer.uid, terminal: { channel.isActive ? peer.terminal() : nil }) {
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
    /// Called on the event loop, when there is room again after a message was refused; a channel that is full tells of
    /// that itself.
    private let hasRoom: @Sendable () -> Void
    private let underWay = Mutex(UnderWay())

    /// What is on its way to the event loop; from there on the channel counts.
    private struct UnderWay {
        var bytes = 0
        var hasRefused = false
    }

    init(_ channel: any Channel, maximumBytes: Int, hasRoom: @escaping @Sendable () -> Void) {
        self.channel = channel
        self.maximumBytes = maximumBytes
        self.hasRoom = hasRoom
    }

    /// False where the client has gone, or has too much to read already.
    func send(_ message: [UInt8]) -> Bool {
        guard channel.isActive, channel.isWritable, begin(message.count) else { return false }
        channel.eventLoop.execute { [self] in
            var buffer = channel.allocator.buffer(capacity: message.count + 1)
            buffer.writeBytes(message)
            buffer.writeInteger(UInt8(ascii: "\n"))
            channel.writeAndFlush(buffer, promise: nil)
            if end(message.count) { hasRoom() }
        }
        return true
    }

    private func begin(_ count: Int) -> Bool {
        underWay.withLock { underWay in
            guard underWay.bytes < maximumBytes else {
                underWay.hasRefused = true
                return false
            }
            underWay.bytes += count
            return true
        }
    }

    /// Whether somebody waits for the room that there is now.
    private func end(_ count: Int) -> Bool {
        underWay.withLock { underWay in
            underWay.bytes -= count
            guard underWay.hasRefused, underWay.bytes < maximumBytes else { return false }
            underWay.hasRefused = false
            return true
        }
    }
}
