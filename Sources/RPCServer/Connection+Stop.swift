internal import Glibc
internal import NIOCore
internal import NIOPosix

extension Connection {
    /// How long a client that has just connected has for its first words when the agent stops. Where systemd restarts
    /// it, programs go on connecting all the while, and none of them is to be sent away.
    private static let welcome = TimeAmount.seconds(1)

    /// Ends our reading side. What the client has sent until then is still read; the answers go out.
    func stopReading() {
        // In a later turn of the loop at the soonest: where the stop began before us, this is called at once, and there
        // is nobody yet to be told that the input has ended.
        channel.eventLoop.scheduleTask(in: max(since + Self.welcome - .now(), .zero)) {
            // By the kernel and not by NIO, which would drop what has arrived and is not read yet.
            _ = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
                shutdown($0, CInt(SHUT_RD))
            }
        }
    }
}
