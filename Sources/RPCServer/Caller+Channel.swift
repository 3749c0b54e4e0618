internal import JetonAPI
internal import NIOCore

extension Caller {
    /// The caller at the other end of a channel.
    init(_ channel: any Channel, number: Int, socket: Socket, peer: Peer) {
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
            observeEnd: { action in channel.closeFuture.whenComplete { _ in action() } }
        )
    }
}
