internal import JetonAPI
internal import Synchronization

/// Counts the open connections, in all and by process, so that no client can use up the agent's descriptors.
final class OpenConnections: Sendable {
    private let limits: SocketLimits
    private let counts = Mutex<(all: Int, byProcess: [Int: Int])>((0, [:]))

    init(limits: SocketLimits) { self.limits = limits }

    /// Nil where one more is welcome, and then it is counted; else what is exceeded.
    func enter(pid: Int) -> String? {
        counts.withLock { counts in
            let own = counts.byProcess[pid, default: 0]
            guard own < limits.connectionsPerProcess else {
                return "a process may hold \(limits.connectionsPerProcess) connections"
            }
            guard counts.all < limits.connections else {
                return "there may be \(limits.connections) connections in all"
            }
            counts.all += 1
            counts.byProcess[pid] = own + 1
            return nil
        }
    }

    func leave(pid: Int) {
        counts.withLock { counts in
            counts.all -= 1
            let own = counts.byProcess[pid, default: 1] - 1
            counts.byProcess[pid] = own == 0 ? nil : own
        }
    }
}
