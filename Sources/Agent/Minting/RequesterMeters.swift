internal import JetonAPI

/// How many login tokens each requester has had, whatever the account: an optional limit.
struct RequesterMeters: Sendable, Equatable, Codable {
    private(set) var meters: [String: Meter] = [:]

    /// A permit that was taken, and how to give it back.
    struct Taking: Sendable {
        fileprivate let key: String
        fileprivate let before: Meter?
        fileprivate let after: Meter?
    }

    /// What is brought back into what can be true now is kept, or the wait would begin anew at each look.
    mutating func wait(of requester: Requester, at now: Moment, _ quota: Quota) -> Duration {
        meters[requester.limitKey]?.clamp(at: now, to: quota)
        return meters[requester.limitKey]?.wait(at: now, from: quota) ?? .zero
    }

    /// Takes a permit, which must be there. Meters that remember nothing any more are dropped.
    mutating func take(for requester: Requester, at now: Moment, _ quota: Quota) -> Taking {
        meters = meters.mapValues { $0.clamped(at: now, to: quota) }.filter { $0.value.isInUse(at: now) }
        let (key, before) = (requester.limitKey, meters[requester.limitKey])
        _ = meters[key, default: Meter()].take(at: now, from: quota)
        return Taking(key: key, before: before, after: meters[key])
    }

    /// Gives a permit back, unless another was taken since.
    /// - Returns: whether it did.
    mutating func giveBack(_ taking: Taking) -> Bool {
        guard meters[taking.key] == taking.after, taking.before != taking.after else { return false }
        meters[taking.key] = taking.before
        return true
    }

    func limit(of requester: Requester, at now: Moment, _ quota: Quota) -> RateLimit {
        let meter = (meters[requester.limitKey] ?? Meter()).clamped(at: now, to: quota)
        return RateLimit(
            name: .requester,
            account: nil,
            count: quota.count,
            perMs: quota.perMs,
            remaining: meter.remaining(at: now, from: quota),
            retryAfterMs: max(meter.wait(at: now, from: quota), .zero).milliseconds
        )
    }
}

extension Requester {
    /// By what requesters are told apart: what a program cannot change by itself. Its name it can, and its pid by
    /// starting anew; out of its unit or session it comes only with systemd's help. One that has neither, or that cannot
    /// be looked at from here, shares its user's; one that has ended is refused before anything is counted.
    var limitKey: String {
        if let unit { return "unit \(unit)" }
        if let session { return "session \(session)" }
        return "user \(uid)"
    }
}
