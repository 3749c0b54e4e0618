internal import JetonAPI
internal import Synchronization

/// How our clock and a homeserver's differ, by the newest of its answers.
final class ClockComparison: Sendable {
    private let clock: @Sendable () -> Moment
    private let newest = Mutex<Duration?>(nil)

    init(_ clock: @escaping @Sendable () -> Moment) { self.clock = clock }

    /// How far ours is ahead; nil where the homeserver did not tell its time.
    var offset: Duration? { newest.withLock { $0 } }

    func note(_ theirs: Moment) {
        // Dates are whole seconds, the rest cut off: half a second is the mean of what is missing.
        let offset = theirs.advanced(by: .milliseconds(500)).duration(to: clock())
        newest.withLock { $0 = offset }
    }
}
