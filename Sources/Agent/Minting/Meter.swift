internal import JetonAPI

/// How many of something are allowed in each span.
public struct Quota: Sendable, Equatable, Codable {
    public var count: Int
    public var perMs: Int

    public init(count: Int, perMs: Int) {
        self.count = count
        self.perMs = perMs
    }

    var interval: Duration { .milliseconds(max(1, perMs / count)) }

    /// How far a burst may run ahead of what was earned.
    var ahead: Duration { interval * (count - 1) }
}

/// Generic cell rate algorithm: the whole memory is one moment, of wall time, so that it holds over a restart.
struct Meter: Sendable, Equatable, Codable {
    enum Verdict: Equatable {
        case granted
        case refused(retryAfter: Duration)
    }

    /// When the last permit that was taken will have been earned.
    var earnedAt: Moment?

    /// Brings the memory back into what can be true now. A clock that was set back would otherwise refuse until it
    /// has caught up; what is clamped must be kept, or the wait would begin anew at each look.
    mutating func clamp(at now: Moment, to quota: Quota) {
        guard let earnedAt else { return }
        self.earnedAt = min(earnedAt, now.advanced(by: quota.ahead + quota.interval))
    }

    func clamped(at now: Moment, to quota: Quota) -> Meter {
        var meter = self
        meter.clamp(at: now, to: quota)
        return meter
    }

    /// Whether it remembers anything that still counts.
    func isInUse(at now: Moment) -> Bool { earnedAt.map { $0 > now } ?? false }

    /// Takes a permit, if there is one.
    mutating func take(at now: Moment, from quota: Quota) -> Verdict {
        clamp(at: now, to: quota)
        let wait = wait(at: now, from: quota)
        guard wait <= .zero else { return .refused(retryAfter: wait) }
        earnedAt = start(at: now).advanced(by: quota.interval)
        return .granted
    }

    /// How long until there is a permit; zero or less where there is one now.
    func wait(at now: Moment, from quota: Quota) -> Duration {
        now.advanced(by: quota.ahead).duration(to: start(at: now))
    }

    /// How many permits there are now.
    func remaining(at now: Moment, from quota: Quota) -> Int {
        let free = start(at: now).duration(to: now.advanced(by: quota.ahead))
        guard free >= .zero else { return 0 }
        return min(quota.count, free.milliseconds / quota.interval.milliseconds + 1)
    }

    private func start(at now: Moment) -> Moment { max(earnedAt ?? now, now) }
}
