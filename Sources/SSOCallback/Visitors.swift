internal import JetonAPI
internal import NIOCore
internal import NIOHTTP1
internal import Synchronization

/// Those who are connected to a callback address: few at once, and none for long.
final class Visitors: Sendable {
    /// A browser opens two or three connections; more at once is somebody's game.
    static let maximum = 8

    private let patience: TimeAmount
    private let count = Atomic(0)

    init(patience: TimeAmount) { self.patience = patience }

    /// A browser's request has one or two kilobytes, and a login token far less.
    private static var limits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 8 * 1024
        limits.maxHeaderListSize = 16 * 1024
        limits.maxHeaderFieldCount = 64
        return limits
    }

    /// Serves a new connection; the login token that it brings is what has arrived, and ends the listening.
    /// - Throws: where there are too many already; the connection is closed then.
    func receive(_ channel: any Channel, at path: String, _ arrival: Arrival<Secret>) throws {
        guard count.add(1, ordering: .relaxed).newValue <= Self.maximum else {
            count.subtract(1, ordering: .relaxed)
            throw ChannelError.operationUnsupported
        }
        let end = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { [self] _ in
            end.cancel()
            count.subtract(1, ordering: .relaxed)
        }
        let handler = CallbackHandler(CallbackAddress(of: channel, path: path)) { token in
            channel.parent?.close(promise: nil)
            return arrival.settle(token)
        }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            HTTPResponseEncoder(),
            ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: Self.limits)),
            HTTPServerProtocolErrorHandler(), handler,
        ])
    }
}

extension CallbackAddress {
    /// Where a socket is bound.
    init(of channel: any Channel, path: String) {
        let isIPv6 = channel.localAddress?.protocol == .inet6
        self.init(host: isIPv6 ? "[::1]" : "127.0.0.1", port: channel.localAddress?.port ?? 0, path: path)
    }
}
