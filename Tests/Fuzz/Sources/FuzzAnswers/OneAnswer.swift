import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// An HTTP server on loopback that answers every request alike.
final class OneAnswer: Sendable {
    struct Content: Sendable {
        var status = 200
        var retryAfter = ""
        var body: [UInt8] = []
    }

    /// What is answered from now on.
    private final class Current: Sendable { let content = Mutex(Content()) }

    let port: Int
    private let current = Current()

    var answer: Content {
        get { current.content.withLock { $0 } }
        set { current.content.withLock { $0 = newValue } }
    }

    init(on loop: any EventLoop) throws {
        let channel = try ServerBootstrap(group: loop)
            .childChannelInitializer { [current] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Answering { current.content.withLock { $0 } })
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .wait()
        port = channel.localAddress?.port ?? 0
    }
}

private final class Answering: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let content: () -> OneAnswer.Content

    init(_ content: @escaping () -> OneAnswer.Content) { self.content = content }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .end = Self.unwrapInboundIn(data) else { return }
        let content = content()
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: content.status))
        head.headers.add(name: "Content-Type", value: "application/json")
        head.headers.add(name: "Content-Length", value: "\(content.body.count)")
        if !content.retryAfter.isEmpty { head.headers.add(name: "Retry-After", value: content.retryAfter) }
        context.write(Self.wrapOutboundOut(.head(head)), promise: nil)
        context.write(Self.wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: content.body)))), promise: nil)
        context.writeAndFlush(Self.wrapOutboundOut(.end(nil)), promise: nil)
    }
}
