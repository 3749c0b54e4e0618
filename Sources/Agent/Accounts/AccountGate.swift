internal import Synchronization

/// Lets one at a time do something to an account, in the order of arrival: the next one then sees what is left.
final class AccountGate: Sendable {
    /// Who waits, for each account that somebody is at.
    let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

    /// Whether somebody is at the account right now.
    func isBusy(_ account: String) -> Bool { waiting.withLock { $0[account] != nil } }

    /// Runs `work` when it is this caller's turn. Each turn ends, for all that is waited for in it has a deadline.
    func pass<Value, Failure: Error>(
        _ account: String,
        _ work: () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        await enter(account)
        defer { leave(account) }
        return try await work()
    }

    private func enter(_ account: String) async {
        await withCheckedContinuation { continuation in
            let isFree = waiting.withLock { waiting in
                guard waiting[account] != nil else {
                    waiting[account] = []
                    return true
                }
                waiting[account]?.append(continuation)
                return false
            }
            if isFree { continuation.resume() }
        }
    }

    private func leave(_ account: String) {
        let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
            guard waiting[account]?.isEmpty == false else {
                waiting[account] = nil
                return nil
            }
            return waiting[account]?.removeFirst()
        }
        next?.resume()
    }
}
