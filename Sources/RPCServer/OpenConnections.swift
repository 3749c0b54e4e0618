internal import JetonAPI

/// The open connections of all sockets, on the serving thread.
final class OpenConnections {
    private let limits: CurrentLimits
    private var counts: [Caller.Socket: ConnectionCounts] = [:]
    private let emptied: () -> Void
    private let ebbed: @Sendable () -> Void
    private var connections: [Int: Connection] = [:]
    private var lastNumber = 0
    private var isStopping = false
    private var hasTold = false
    /// The most there were since the last ebb.
    private var highest = 0

    /// Fewer leave nothing behind that is worth a word.
    private static let crowd = 256

    /// - Parameters:
    ///   - limits: how many there may be, by each socket.
    ///   - ebbed: called when half of a crowd has gone.
    ///   - emptied: called once, when the last one has ended after a stop.
    init(limits: CurrentLimits, ebbed: @escaping @Sendable () -> Void, emptied: @escaping () -> Void) {
        self.limits = limits
        self.ebbed = ebbed
        self.emptied = emptied
    }

    /// Takes in one more; gives its number.
    func enter(_ connection: Connection, by socket: Caller.Socket, pid: Int) throws(AgentError) -> Int {
        let limits = limits.now
        counts[socket, default: ConnectionCounts(limits: limits, to: socket)].limits = limits
        if let problem = counts[socket]?.enter(pid: pid) {
            throw AgentError(.busy, "Too many connections: \(problem).", ["limit": .string(problem)])
        }
        lastNumber += 1
        connections[lastNumber] = connection
        highest = max(highest, connections.count)
        return lastNumber
    }

    func leave(_ caller: Caller) {
        guard connections.removeValue(forKey: caller.connection) != nil else { return }
        counts[caller.socket]?.leave(pid: caller.peer.pid)
        if highest >= Self.crowd, connections.count <= highest / 2 {
            highest = connections.count
            ebbed()
        }
        tellIfEmpty()
    }

    private func tellIfEmpty() {
        guard isStopping, connections.isEmpty, !hasTold else { return }
        hasTold = true
        emptied()
    }

    /// Lets all answers under way go out. Call it once nobody is accepted any more.
    func stop() {
        guard !isStopping else { return }
        isStopping = true
        tellIfEmpty()
        for connection in connections.values { connection.stop() }
    }

    /// Ends all at once.
    func abort() {
        stop()
        for connection in connections.values { connection.abort() }
    }
}
