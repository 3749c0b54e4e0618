internal import JetonAPI

/// How many connections are open, in all and by process: no client can use up the agent's descriptors.
struct ConnectionCounts {
    let limits: SocketLimits
    private(set) var all = 0
    private var byProcess: [Int: Int] = [:]

    init(limits: SocketLimits) { self.limits = limits }

    /// Nil where one more is welcome, and then it is counted; else what is exceeded.
    mutating func enter(pid: Int) -> String? {
        let own = byProcess[pid, default: 0]
        guard own < limits.connectionsPerProcess else {
            return "a process may hold \(limits.connectionsPerProcess) connections"
        }
        guard all < limits.connections else { return "there may be \(limits.connections) connections in all" }
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
