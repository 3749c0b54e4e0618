/// Lets one minting of an account through at a time, in the order of arrival: the next one then sees what is left.
actor AccountGate {
    private var waiting: [String: [CheckedContinuation<Void, Never>]] = [:]

    /// Runs `work` when it is this caller's turn. Each turn ends, for each request in it has a deadline.
    func pass<Value: Sendable, Failure: Error>(
        _ account: String,
        _ work: @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        await enter(account)
        defer { leave(account) }
        return try await work()
    }

    private func enter(_ account: String) async {
        guard waiting[account] != nil else { return waiting[account] = [] }
        await withCheckedContinuation { waiting[account]?.append($0) }
    }

    private func leave(_ account: String) {
        guard var line = waiting[account], !line.isEmpty else { return waiting[account] = nil }
        let next = line.removeFirst()
        waiting[account] = line
        next.resume()
    }
}
