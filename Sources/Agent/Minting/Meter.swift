internal import JetonAPI

/// How many of something are allowed in each span.
public struct Quota: Sendable, Equatable, Codable {
    public var count: Int
    public var perMs: Int

    public init(count: Int, perMs: Int) {
        self.count = count
        self.perMs = perMs
    }

    var interval: Duration { .milliseconds(perMs / count) }
}

/// Generic cell rate algorithm: the whole memory is one moment, of wall time, so that it holds over a restart.
struct Meter: Sendable, Equatable, Codable {
    enum Verdict: Equatable {
        case granted
        case refused(retryAfter: Duration)
    }

    /// When the last permit that was taken will have been earned.
    var earnedAt: Moment?

    /// Takes a permit, if there is one.
    mutating func take(at now: Moment, from quota: Quota) -> Verdict {
        let start = start(at: now, from: quota)
        let wait = wait(at: now, from: quota)
        guard wait <= .zero else { return .refused(retryAfter: wait) }
        earnedAt = start.advanced(by: quota.interval)
        return .granted
    }

    /// How long until there is a permit; zero or less where there is one now.
    func wait(at now: Moment, from quota: Quota) -> Duration {
        now.advanced(by: ahead(quota)).duration(to: start(at: now, from: quota))
    }

    /// How many permits there are now.
    func remaining(at now: Moment, from quota: Quota) -> Int {
        let free = start(at: now, from: quota).duration(to: now.advanced(by: ahead(quota)))
        guard free >= .zero else { return 0 }
        return min(quota.count, free.milliseconds / max(1, quota.interval.milliseconds) + 1)
    }

    /// How far a burst may run ahead of what was earned.
    private func ahead(_ quota: Quota) -> Duration { quota.interval * (quota.count - 1) }

    private func start(at now: Moment, from quota: Quota) -> Moment {
        // A clock set back would otherwise refuse until it has caught up.
        min(max(earnedAt ?? now, now), now.advanced(by: ahead(quota) + quota.interval))
    }
}
