/// What a client may make the server hold for it.
public struct SocketLimits: Sendable, Equatable {
    /// The longest message, in bytes without its newline: every request of the API fits many times over.
    public var messageBytes = 64 * 1024
    /// Requests of one connection that run at the same time; further ones wait unread.
    public var inFlight = 32
    /// Connections at the same time, of all clients of the agent's own socket.
    public var connections = 1024
    /// Connections at the same time, of one process.
    public var connectionsPerProcess = 64
    /// Answers that a client has not read yet, in bytes, before its requests wait.
    public var pendingBytes = 4096
    /// Answers to one batch, in bytes, before its further requests are refused: they are sent together, so that until
    /// the last one is there no client has had a chance to read. The API's description fits three times over.
    public var batchBytes = 256 * 1024
    /// How long a client may take to complete a line that it has begun, in milliseconds.
    public var lineMs = 10_000

    public init() {}

    /// Connections at the same time, of all clients of a socket. The restricted one has an eighth of its own: those whom
    /// it was passed on to, in containers and on other machines, must not keep the owner out.
    public func connections(to socket: Caller.Socket) -> Int {
        switch socket {
        case .agent: connections
        case .restricted: max(1, connections / 8)
        }
    }
}
