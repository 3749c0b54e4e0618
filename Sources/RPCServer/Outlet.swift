internal import Synchronization

/// The way of notifications to a client: bounded, and open to every thread.
final class Outlet: Sendable {
    private struct State {
        /// What is on its way to the serving thread; from there on the connection counts.
        var bytes = 0
        var hasRefused = false
        /// Whether the client has too much to read already.
        var isFull = false
        /// Told when the connection ends; nil once it has.
        var observers: [@Sendable () -> Void]? = []
    }

    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumBytes: Int) { self.maximumBytes = maximumBytes }

    /// Whether so many bytes may be sent; then they count as on their way. They may not where the client has gone, or
    /// has too much to read already.
    func admits(_ count: Int) -> Bool {
        state.withLock { state in
            guard state.observers != nil, !state.isFull else { return false }
            guard state.bytes < maximumBytes else {
                state.hasRefused = true
                return false
            }
            state.bytes += count
            return true
        }
    }

    /// So many bytes have reached the serving thread. Whether somebody waits for the room that there is now; a
    /// connection that is full tells of that itself.
    func arrived(_ count: Int) -> Bool {
        state.withLock { state in
            state.bytes -= count
            guard state.hasRefused, state.bytes < maximumBytes else { return false }
            state.hasRefused = false
            return true
        }
    }

    func fullnessChanged(to isFull: Bool) { state.withLock { $0.isFull = isFull } }

    /// Calls `action` once the connection has ended; at once where it has.
    func whenEnded(_ action: @escaping @Sendable () -> Void) {
        let hasEnded = state.withLock { state in
            state.observers?.append(action)
            return state.observers == nil
        }
        if hasEnded { action() }
    }

    func end() {
        let observers = state.withLock { state in
            defer { state.observers = nil }
            return state.observers
        }
        for observer in observers ?? [] { observer() }
    }
}
