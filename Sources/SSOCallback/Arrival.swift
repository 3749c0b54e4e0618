internal import Synchronization

/// Something that comes once, or never, for all who wait for it.
final class Arrival<Value: Sendable>: Sendable {
    private enum State {
        case awaited([Int: CheckedContinuation<Value?, Never>], nextID: Int)
        /// Nil: it will not come any more.
        case settled(Value?)
    }

    private let state = Mutex(State.awaited([:], nextID: 0))

    /// - Returns: whether this was the first word on it; any later one changes nothing.
    @discardableResult
    func settle(_ value: Value?) -> Bool {
        let waiting = state.withLock { state -> [CheckedContinuation<Value?, Never>]? in
            guard case .awaited(let waiting, _) = state else { return nil }
            state = .settled(value)
            return Array(waiting.values)
        }
        for continuation in waiting ?? [] { continuation.resume(returning: value) }
        return waiting != nil
    }

    /// Waits for it.
    /// - Returns: nil where it will not come, or the one who waits was cancelled.
    func value() async -> Value? {
        let id = state.withLock { state -> Int in
            guard case .awaited(let waiting, let id) = state else { return 0 }
            state = .awaited(waiting, nextID: id + 1)
            return id
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { enter($0, as: id) }
        } onCancel: {
            leave(id)
        }
    }

    private func enter(_ continuation: CheckedContinuation<Value?, Never>, as id: Int) {
        let answer = state.withLock { state -> Value?? in
            switch state {
            case .settled(let value): return .some(value)
            // Cancelled before there was anything to take back.
            case .awaited where Task.isCancelled: return .some(nil)
            case .awaited(var waiting, let nextID):
                waiting[id] = continuation
                state = .awaited(waiting, nextID: nextID)
                return nil
            }
        }
        if let answer { continuation.resume(returning: answer) }
    }

    private func leave(_ id: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<Value?, Never>? in
            guard case .awaited(var waiting, let nextID) = state else { return nil }
            let continuation = waiting.removeValue(forKey: id)
            state = .awaited(waiting, nextID: nextID)
            return continuation
        }
        continuation?.resume(returning: nil)
    }
}
