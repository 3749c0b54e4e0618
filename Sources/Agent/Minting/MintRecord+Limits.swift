internal import JetonAPI

/// The limits as `rate_limit.status` tells them.
extension MintRecord {
    func loginTokenLimit(_ account: String, at now: Moment, _ quota: Quota) -> RateLimit {
        let homeserver = homeserverWait(at: now)
        let own = meter.wait(at: now, from: quota)
        return RateLimit(
            name: .loginToken,
            account: account,
            count: quota.count,
            perMs: quota.perMs,
            remaining: homeserver == nil ? meter.remaining(at: now, from: quota) : 0,
            retryAfterMs: max(own, homeserver ?? .zero, .zero).milliseconds,
            notBeforeReason: homeserver.map { $0 > own } ?? false ? .homeserver : nil
        )
    }

    func wrongPasswordLimit(_ account: String, at now: Moment, _ quota: Quota) -> RateLimit {
        RateLimit(
            name: .wrongPassword,
            account: account,
            count: quota.count,
            perMs: quota.perMs,
            remaining: max(0, quota.count - recentWrongPasswords(at: now, quota).count),
            retryAfterMs: max(wrongPasswordWait(at: now, quota) ?? .zero, .zero).milliseconds
        )
    }
}
