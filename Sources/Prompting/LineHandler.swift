internal import NIOCore

/// One connection to a program of ours: a line is waited for, and all else is no answer. Used on its event loop alone.
final class LineHandler: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer

    private let maximumBytes: Int
    private var received = ByteBuffer()
    private var result: Result<[UInt8], any Error>?
    private var promise: EventLoopPromise<[UInt8]>?

    /// - Parameter maximumBytes: a longer line is no answer.
    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Nobody has answered.
    struct NoAnswer: Error {}

    /// The answer, once it has come.
    func answer(on loop: any EventLoop) -> EventLoopFuture<[UInt8]> {
        loop.assertInEventLoop()
        let promise = loop.makePromise(of: [UInt8].self)
        if let result { promise.completeWith(result) } else { self.promise = promise }
        return promise.futureResult
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = unwrapInboundIn(data)
        received.writeBuffer(&bytes)
        let view = received.readableBytesView
        if let end = view.firstIndex(of: UInt8(ascii: "\n")) {
            settle(.success(Array(view[..<end])))
        } else if view.count > maximumBytes {
            settle(.failure(NoAnswer()))
        } else {
            return
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { settle(.failure(NoAnswer())) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func settle(_ result: Result<[UInt8], any Error>) {
        guard self.result == nil else { return }
        self.result = result
        received.clear()
        promise?.completeWith(result)
    }
}
