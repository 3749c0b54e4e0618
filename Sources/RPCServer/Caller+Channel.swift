internal import JetonAPI
internal import NIOCore

extension Caller {
    /// The caller at the other end of a channel.
    init(_ channel: any Channel, _ running: RunningRequests, number: Int, socket: Socket, peer: Peer) {
        self.init(
            connection: number,
            socket: socket,
            peer: peer,
            send: { message in
                guard channel.isActive, channel.isWritable else { return false }
                var buffer = channel.allocator.buffer(capacity: message.count + 1)
                buffer.writeBytes(message)
                buffer.writeInteger(UInt8(ascii: "\n"))
                channel.writeAndFlush(buffer, promise: nil)
                return true
            },
            withdraw: { running.cancel($0) },
            observeEnd: { action in channel.closeFuture.whenComplete { _ in action() } },
            observeReading: { action in
                channel.eventLoop.execute {
                    // Ignoring failures: the client has gone.
                    try? channel.pipeline.syncOperations.addHandler(WritabilityWatch(action), position: .first)
                }
            }
        )
    }
}

/// Says when a client that read too slowly has caught up.
private final class WritabilityWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let action: @Sendable () -> Void

    init(_ action: @escaping @Sendable () -> Void) { self.action = action }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        // In a turn of its own: whoever made it writable may hold a lock that the action needs.
        if context.channel.isWritable { context.eventLoop.execute(action) }
        context.fireChannelWritabilityChanged()
    }
}
