internal import JetonAPI
internal import Synchronization

/// The agent's stop, for whoever waits for the user or for a limit: they are told at once, as nothing was done for them.
final class Stop: Sendable {
    private struct State {
        var hasBegun = false
        var waiting: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastNumber = 0
    }

    private let state = Mutex(State())

    /// From now on nobody waits.
    func begin() {
        let waiting = state.withLock { state in
            state.hasBegun = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for one in waiting { one.finish() }
    }

    /// - Throws: `cancelled`, where there is nothing to wait for any more: the caller has gone, or the agent stops.
    func check() throws(AgentError) {
        if Task.isCancelled { throw .withdrawn }
        if state.withLock(\.hasBegun) { throw .stopping }
    }

    /// Waits for what ends as soon as its task is cancelled, and has it end when the agent stops.
    func cutsShort<Value: Sendable>(_ wait: @escaping @Sendable () async -> Value) async -> Value? {
        let (begun, signal) = AsyncStream.makeStream(of: Void.self)
        let number = enter(signal)
        defer { state.withLock { _ = $0.waiting.removeValue(forKey: number) } }
        return await withTaskGroup(of: Value?.self) { group in
            group.addTask { await wait() }
            group.addTask {
                for await _ in begun {}
                return nil
            }
            var value: Value?
            for await result in group {
                value = value ?? result
                group.cancelAll()
            }
            return value
        }
    }

    private func enter(_ signal: AsyncStream<Void>.Continuation) -> Int {
        state.withLock { state in
            state.lastNumber += 1
            if state.hasBegun { signal.finish() } else { state.waiting[state.lastNumber] = signal }
            return state.lastNumber
        }
    }
}

extension AgentError {
    static let stopping = AgentError(
        .cancelled,
        "The agent stops, so nothing was done: ask again when it runs."
    )
}
