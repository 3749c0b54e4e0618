/// The connection that a request came by: who is at its other end, and what a handler can do with it besides answering.
public final class Caller: Sendable {
    /// By which of the agent's sockets a connection came.
    public enum Socket: String, Sendable, CaseIterable { case agent, restricted }

    /// Unlike any other connection's since the agent started.
    public let connection: Int
    public let socket: Socket
    public let peer: Peer

    private let send: @Sendable ([UInt8]) -> Bool
    private let withdraw: @Sendable (RequestID) -> Bool
    private let observeEnd: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let observeReading: @Sendable (@escaping @Sendable () -> Void) -> Void

    /// - Parameters:
    ///   - connection: its number.
    ///   - socket: where it came in.
    ///   - peer: the process at its other end.
    ///   - send: sends a line, unless the client has too much to read already.
    ///   - withdraw: cancels the running requests with an id; called on the thread that reads the requests only.
    ///   - observeEnd: calls back once, when the connection has ended.
    ///   - observeReading: calls back each time when more can be sent again.
    public init(
        connection: Int,
        socket: Socket,
        peer: Peer,
        send: @escaping @Sendable ([UInt8]) -> Bool = { _ in false },
        withdraw: @escaping @Sendable (RequestID) -> Bool = { _ in false },
        observeEnd: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { _ in },
        observeReading: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void = { _ in }
    ) {
        self.connection = connection
        self.socket = socket
        self.peer = peer
        self.send = send
        self.withdraw = withdraw
        self.observeEnd = observeEnd
        self.observeReading = observeReading
    }

    /// Sends a notification, from whatever thread; `message` is JSON without a newline.
    /// False where the client has gone, or reads too slowly: then nothing is sent, and it is the sender's to remember
    /// what was missed.
    public func notify(_ message: [UInt8]) -> Bool { send(message) }

    /// Cancels the requests of this connection that run under `id`. False where there is none.
    /// For handlers that answer at once: those run on the thread that reads the requests, in the order of the lines.
    public func cancel(_ id: RequestID) -> Bool { withdraw(id) }

    /// Calls `action` each time when the client has read enough for more to be sent, in a turn of its own.
    public func whenReading(_ action: @escaping @Sendable () -> Void) { observeReading(action) }

    /// Calls `action` once, when the connection has ended; at once where it has already.
    public func whenEnded(_ action: @escaping @Sendable () -> Void) { observeEnd(action) }
}
