import Synchronization

/// A clock that stands still until it is told otherwise.
final class TestClock: Sendable {
    private let moment = Mutex(ContinuousClock.Instant.now)

    var now: ContinuousClock.Instant { moment.withLock { $0 } }

    func advance(by duration: Duration) {
        moment.withLock { $0 = $0.advanced(by: duration) }
    }
}
