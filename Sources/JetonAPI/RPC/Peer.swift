/// The process that made a connection, as the kernel noted it then. Others may use the connection as well, or instead:
/// its children, and whoever it was passed on to.
public struct Peer: Sendable {
    public let pid: Int
    public let uid: Int
    /// All that can be told of it now; of a process that has ended that is its numbers. It is put together only when
    /// somebody wants to know: reading it costs more than most requests do.
    public let requester: @Sendable () -> Requester
    /// The terminal that controls it, as in /dev/pts/4.
    public let terminal: @Sendable () -> String?
    /// Whether it has ended since. Where that cannot be known, it has not.
    public let hasEnded: @Sendable () -> Bool

    public init(
        pid: Int,
        uid: Int,
        terminal: @escaping @Sendable () -> String? = { nil },
        hasEnded: @escaping @Sendable () -> Bool = { false },
        requester: @escaping @Sendable () -> Requester
    ) {
        self.pid = pid
        self.uid = uid
        self.terminal = terminal
        self.hasEnded = hasEnded
        self.requester = requester
    }
}
