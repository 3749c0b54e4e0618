internal import NIOCore
internal import NIOPosix

/// Calls when a descriptor becomes readable; what it says is read and dropped. Nothing is polled: the event loop waits
/// for it together with its sockets.
final class Bell: ChannelInboundHandler, Sendable {
    typealias InboundIn = ByteBuffer

    private let ring: @Sendable () -> Void

    private init(_ ring: @escaping @Sendable () -> Void) { self.ring = ring }

    /// - Parameters:
    ///   - descriptor: it belongs to the channel from then on.
    ///   - loop: the event loop that waits.
    ///   - ring: called on the event loop.
    /// - Returns: the channel; closing it ends the calls.
    static func hang(
        on descriptor: CInt,
        _ loop: any EventLoop,
        _ ring: @escaping @Sendable () -> Void
    ) -> EventLoopFuture<any Channel> {
        NIOPipeBootstrap(group: loop)
            .channelInitializer { channel in channel.pipeline.addHandler(Bell(ring)) }
            .takingOwnershipOfDescriptor(input: descriptor)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { ring() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
