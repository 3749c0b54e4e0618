internal import JetonAPI

/// How long a homeserver is left alone after failures: twice as long each time, up to a ceiling, and by chance a
/// little less, so that many agents do not come back at the same moment.
struct Backoff: Sendable, Equatable {
    /// Whose fault the last failure was.
    enum Cause: Sendable {
        /// No answer came: over as soon as the network, or the homeserver, is back.
        case network
        /// The homeserver answered, and could not: over with time alone.
        case homeserver
    }

    static let first = Duration.seconds(1)
    static let ceiling = Duration.seconds(300)

    private(set) var failures = 0
    private(set) var cause = Cause.network
    private var start: Moment?
    private var wait = Duration.zero
    private var isOrdered = false

    /// Notes a failure.
    /// - Parameters:
    ///   - cause: whose fault it was.
    ///   - now: the moment of it.
    ///   - retryAfter: what the homeserver wants to be waited; it is obeyed, however long.
    ///   - chance: from 0 to 1, drawn anew each time.
    mutating func fail(_ cause: Cause, at now: Moment, retryAfter: Duration? = nil, chance: Double) {
        let doubled = failures < 20 ? Self.first * (1 << failures) : Self.ceiling
        // At least half of it: a wait that chance makes zero would be none.
        let drawn = min(doubled, Self.ceiling) * (1 - chance / 2)
        failures += 1
        self.cause = cause
        start = now
        wait = max(drawn, retryAfter ?? .zero)
        isOrdered = retryAfter != nil
    }

    /// How long to wait from `now` on before the next try that nobody asks for.
    func left(at now: Moment) -> Duration { start.map { max(now.duration(to: $0.advanced(by: wait)), .zero) } ?? .zero }

    /// The same for a try that somebody waits for: only what the homeserver itself wants counts.
    func orderedLeft(at now: Moment) -> Duration { isOrdered ? left(at: now) : .zero }

    /// A clock that was set back makes no wait longer.
    mutating func clamp(at now: Moment) { start = start.map { min($0, now) } }

    /// Forgets failures that were the network's.
    mutating func networkIsBack() { if cause == .network { self = Backoff() } }
}
