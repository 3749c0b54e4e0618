internal import FoundationEssentials
internal import JetonAPI
internal import NIOCore

/// One connection to the prompt: a line is waited for, and all else is no answer. Used on its event loop alone.
final class PromptHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private var received = ByteBuffer()
    private var result: Result<PromptAnswer, any Error>?
    private var promise: EventLoopPromise<PromptAnswer>?

    /// Nobody has answered.
    struct NoAnswer: Error {}

    /// The answer, once it has come.
    func answer(on loop: any EventLoop) -> EventLoopFuture<PromptAnswer> {
        loop.assertInEventLoop()
        let promise = loop.makePromise(of: PromptAnswer.self)
        if let result { promise.completeWith(result) } else { self.promise = promise }
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        let view = received.readableBytesView
        if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
            let line = Data(view[..<end])
            settle(Result { try JSONCoding.decoder().decode(PromptAnswer.self, from: line) })
        } else if view.count > PromptAnswer.maximumBytes {
            settle(.failure(NoAnswer()))
        } else {
            return
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { settle(.failure(NoAnswer())) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func settle(_ result: Result<PromptAnswer, any Error>) {
        guard self.result == nil else { return }
        self.result = result
        received.clear()
        promise?.completeWith(result)
    }
}
