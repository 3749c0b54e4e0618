internal import JetonAPI
internal import NIOCore
internal import NIOHTTP1

/// One connection to the callback address: one request is answered, from its head alone, and the connection closed.
final class CallbackHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let address: CallbackAddress
    /// Takes the login token; false where one has come before.
    private let take: (Secret) -> Bool
    private var hasAnswered = false

    init(_ address: CallbackAddress, take: @escaping (Secret) -> Bool) {
        self.address = address
        self.take = take
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data), !hasAnswered else { return }
        answer(page(for: head), isHead: head.method == .HEAD, context)
    }

    private func page(for head: HTTPRequestHead) -> CallbackPage {
        do {
            let token = try address.loginToken(inTarget: head.uri)
            guard head.method == .GET else { return .wrongMethod }
            return take(token) ? .arrived : .alreadyArrived
        } catch {
            switch error {
            case .noAddress, .elsewhere: return .elsewhere
            case .noToken: return head.method == .GET ? .noToken : .wrongMethod
            }
        }
    }

    /// What does not speak HTTP, or says too much, was answered by NIO's own handler.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ page: CallbackPage, isHead: Bool, _ context: ChannelHandlerContext) {
        hasAnswered = true
        let head = HTTPResponseHead(version: .http1_1, status: page.status, headers: page.headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead { context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: page.html)))), promise: nil) }
        // Closed whether or not the page could be sent.
        let closing = context.eventLoop.makePromise(of: Void.self)
        closing.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: closing)
    }
}
