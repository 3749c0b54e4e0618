/// The process at the other end of a connection, as the kernel knew it when the connection was made.
public struct Peer: Sendable {
    public let pid: Int
    public let uid: Int
    /// All that can be told of it. It is put together only when somebody wants to know: reading it costs more than most
    /// requests do.
    public let requester: @Sendable () -> Requester
    /// The terminal that controls it, as in /dev/pts/4.
    public let terminal: @Sendable () -> String?

    public init(
        pid: Int,
        uid: Int,
        terminal: @escaping @Sendable () -> String? = { nil },
        requester: @escaping @Sendable () -> Requester
    ) {
        self.pid = pid
        self.uid = uid
        self.terminal = terminal
        self.requester = requester
    }
}
