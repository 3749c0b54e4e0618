internal import Synchronization

/// Those who wait for the limit of an account, in the order of arrival: only the first of them tries.
final class WaitingLine: Sendable {
    private struct Place {
        let number: Int
        let turn: CheckedContinuation<Bool, Never>
    }

    private struct Lines {
        /// Who waits behind the first one, for each account that has a first one.
        var behind: [String: [Place]] = [:]
        var lastNumber = 0
        /// Those whose wait was given up before it began.
        var gone: Set<Int> = []

        /// Whether nobody else was first.
        mutating func becomeFirst(_ account: String) -> Bool {
            guard behind[account] == nil else { return false }
            behind[account] = []
            return true
        }
    }

    private let lines = Mutex(Lines())
    private let pause: Pause

    init(pause: @escaping Pause) { self.pause = pause }

    /// Waits to be the first in an account's line, which takes no patience where there is none; whoever has become it
    /// must leave it again.
    /// - Returns: false where the wait was given up: by cancellation, or as it took too long.
    func enter(_ account: String, within patience: Duration) async -> Bool {
        if lines.withLock({ $0.becomeFirst(account) }) { return true }
        return await withTaskGroup { group in
            group.addTask { await self.enter(account) }
            group.addTask { [pause] in
                try? await pause(patience)
                return false
            }
            var hasEntered = false
            for await result in group {
                hasEntered = hasEntered || result
                group.cancelAll()
            }
            return hasEntered
        }
    }

    /// How many stand behind the first one.
    func length(of account: String) -> Int { lines.withLock { $0.behind[account]?.count ?? 0 } }

    /// Lets the next one be the first.
    func leave(_ account: String) {
        let next = lines.withLock { lines -> Place? in
            guard lines.behind[account]?.isEmpty == false else {
                lines.behind[account] = nil
                return nil
            }
            return lines.behind[account]?.removeFirst()
        }
        next?.turn.resume(returning: true)
    }

    private func enter(_ account: String) async -> Bool {
        let number = lines.withLock { lines in
            lines.lastNumber += 1
            return lines.lastNumber
        }
        let hasEntered = await withTaskCancellationHandler {
            await withCheckedContinuation { turn in
                let isDecided = lines.withLock { lines -> Bool? in
                    if lines.gone.remove(number) != nil { return false }
                    if lines.becomeFirst(account) { return true }
                    lines.behind[account]?.append(Place(number: number, turn: turn))
                    return nil
                }
                if let isDecided { turn.resume(returning: isDecided) }
            }
        } onCancel: {
            giveUp(number, account)
        }
        // A cancellation that came too late has left a note that nobody will read.
        lines.withLock { _ = $0.gone.remove(number) }
        return hasEntered
    }

    private func giveUp(_ number: Int, _ account: String) {
        let place = lines.withLock { lines -> Place? in
            guard let index = lines.behind[account]?.firstIndex(where: { $0.number == number }) else {
                lines.gone.insert(number)
                return nil
            }
            return lines.behind[account]?.remove(at: index)
        }
        place?.turn.resume(returning: false)
    }
}
