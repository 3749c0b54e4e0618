public import JetonAPI
public import NIOCore
internal import NIOPosix

/// Waits on loopback for the browser that comes back from an SSO login: for one login, one login token, and not long.
public final class CallbackListener: Sendable {
    public let address: CallbackAddress
    private let server: any Channel
    private let arrival: Arrival<Secret>

    /// Listens from now on.
    /// - Parameters:
    ///   - path: with a slash at its beginning, and so that nobody can guess it.
    ///   - eventLoop: where it is served.
    ///   - life: how long it waits at most.
    ///   - patience: how long a visitor may take; a browser asks at once.
    /// - Returns: the listener, which ends by itself.
    /// - Throws: an error of the kernel's, where there is no loopback to listen on.
    public static func open(
        path: String,
        on eventLoop: any EventLoop,
        for life: Duration,
        patience: Duration = .seconds(10)
    ) async throws -> CallbackListener {
        let arrival = Arrival<Secret>()
        let visitors = Visitors(patience: .milliseconds(Int64(patience.milliseconds)))
        let bootstrap = ServerBootstrap(group: eventLoop)
            .serverChannelOption(.backlog, value: CInt(Visitors.maximum))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try visitors.receive(channel, at: path, arrival) }
            }
        let server: any Channel
        do {
            // The address rather than the name: `localhost` may lead elsewhere (RFC 8252, section 8.3).
            server = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
        } catch {
            server = try await bootstrap.bind(host: "::1", port: 0).get()
        }
        let listener = CallbackListener(CallbackAddress(of: server, path: path), server, arrival)
        let end = eventLoop.scheduleTask(in: .milliseconds(Int64(life.milliseconds))) { listener.close() }
        server.closeFuture.whenComplete { _ in end.cancel() }
        return listener
    }

    private init(_ address: CallbackAddress, _ server: any Channel, _ arrival: Arrival<Secret>) {
        self.address = address
        self.server = server
        self.arrival = arrival
    }

    /// The login token, once the browser has come back.
    /// - Returns: nil where the time is over, this is closed, or the one who waits was cancelled.
    public func loginToken() async -> Secret? { await arrival.value() }

    /// Takes the address that the browser came back to from somebody who has copied it.
    public func take(address text: String) throws(CallbackAddress.Problem) {
        arrival.settle(try address.loginToken(inAddress: text))
        server.close(promise: nil)
    }

    /// Nobody is waited for any more.
    public func close() {
        arrival.settle(nil)
        server.close(promise: nil)
    }
}
