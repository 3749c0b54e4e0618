public import JetonAPI
public import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// Brings a login token to a client that waits on loopback, as a browser does at the end of an SSO login: one GET, and
/// whatever the answer asks for is not done.
public struct CallbackVisit: Sendable {
    /// What became of it.
    public enum Outcome: Sendable, Equatable {
        /// The listener has the token, and has said so.
        case answered(status: Int)
        /// No connection: the token went nowhere.
        case unreachable
        /// At the last moment it was not to be sent.
        case withheld
        /// Whoever wanted it had gone before anything was sent.
        case abandoned
        /// The token was sent, and no answer came, or none that is one.
        case unanswered
    }

    private let eventLoop: any EventLoop
    private let patience: TimeAmount

    /// - Parameters:
    ///   - eventLoop: where the connection is served.
    ///   - patience: how long the whole visit may take; a client has the token before it answers.
    public init(on eventLoop: any EventLoop, patience: Duration = .seconds(10)) {
        self.eventLoop = eventLoop
        self.patience = .milliseconds(Int64(patience.milliseconds))
    }

    /// - Parameters:
    ///   - token: for the client.
    ///   - redirect: where the client waits.
    ///   - isIPv6: by which of the two loopback addresses.
    ///   - check: asked once there is a connection and nothing was sent: whether it is still the right listener. It is
    ///     told the port that the connection comes from.
    /// - Returns: what became of it.
    public func bring(
        _ token: Secret,
        to redirect: LoopbackRedirect,
        isIPv6: Bool,
        check: @Sendable (_ ownPort: Int) async -> Bool
    ) async -> Outcome {
        let answer = eventLoop.makePromise(of: Int.self)
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(patience)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers([
                        HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()), VisitHandler(answer),
                    ])
                }
            }
        let channel: any Channel
        do {
            channel = try await bootstrap.connect(host: isIPv6 ? "::1" : "127.0.0.1", port: redirect.port).get()
        } catch {
            answer.fail(error)
            return .unreachable
        }
        let end = eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        defer {
            end.cancel()
            channel.close(promise: nil)
        }
        let isRight = await check(channel.localAddress?.port ?? 0)
        // Once it is sent, what becomes of it is waited for all the same.
        if Task.isCancelled { return .abandoned }
        guard isRight else { return .withheld }
        let headers: HTTPHeaders = [
            "Host": redirect.authority, "User-Agent": "Jeton/\(releaseVersion)", "Accept": "*/*",
            "Connection": "close",
        ]
        let target = redirect.target(bringing: token).reveal()
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: headers)
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        guard let status = try? await answer.futureResult.get() else { return .unanswered }
        return .answered(status: status)
    }
}

/// Waits for the status of the one answer.
private final class VisitHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private struct NoAnswer: Error {}

    private let answer: EventLoopPromise<Int>

    init(_ answer: EventLoopPromise<Int>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        answer.succeed(Int(head.status.code))
    }

    func channelInactive(context: ChannelHandlerContext) { answer.fail(NoAnswer()) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
