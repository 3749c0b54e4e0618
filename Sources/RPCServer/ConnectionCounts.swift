internal import JetonAPI

/// How many connections to a socket are open, in all and by process: no client can use up the agent's descriptors.
struct ConnectionCounts {
    var limits: SocketLimits
    private let socket: Caller.Socket
    private(set) var all = 0
    private var byProcess: [Int: Int] = [:]

    init(limits: SocketLimits, to socket: Caller.Socket) {
        self.limits = limits
        self.socket = socket
    }

    /// Nil where one more is welcome, and then it is counted; else what is exceeded.
    mutating func enter(pid: Int) -> String? {
        let own = byProcess[pid, default: 0]
        guard own < limits.connectionsPerProcess else {
            return "a process may hold \(limits.connectionsPerProcess) connections"
        }
        let most = limits.connections(to: socket)
        guard all < most else { return "there may be \(most) connections to this socket" }
        all += 1
        byProcess[pid] = own + 1
        return nil
    }

    mutating func leave(pid: Int) {
        all -= 1
        let own = byProcess[pid, default: 1] - 1
        byProcess[pid] = own == 0 ? nil : own
    }
}
