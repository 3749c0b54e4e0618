import FlyingFox
import FlyingSocks
import Glibc

/// FlyingFox's socket pool, with Nagle's algorithm off on each socket that passes.
///
/// FlyingFox writes the head and the body of a response separately; on a connection that is kept open the body would
/// wait some 40 ms for the client's delayed acknowledgement of the head.
struct PromptPool: AsyncSocketPool {
    private let pool: any AsyncSocketPool = HTTPServer.defaultPool()

    func prepare() async throws { try await pool.prepare() }

    func run() async throws { try await pool.run() }

    func suspendSocket(_ socket: Socket, untilReadyFor events: Socket.Events) async throws {
        // The listening socket comes first, and those that it accepts inherit the option.
        try? socket.setValue(true, for: BoolSocketOption(level: Int32(IPPROTO_TCP), name: TCP_NODELAY))
        try await pool.suspendSocket(socket, untilReadyFor: events)
    }
}
