internal import JetonAPI

/// The limits as `rate_limit.status` tells them.
extension MintRecord {
    func loginTokenLimit(_ account: String, at now: Moment, _ quotas: Quotas) -> RateLimit {
        let homeserver = homeserverWait(at: now)
        let own = meter.wait(at: now, from: quotas.loginToken)
        let isHomeserver = homeserver.map { $0 > own } ?? false
        return RateLimit(
            name: .loginToken,
            account: account,
            count: quotas.loginToken.count,
            perMs: quotas.loginToken.perMs,
            remaining: homeserver == nil ? meter.remaining(at: now, from: quotas.loginToken) : 0,
            retryAfterMs: max(own, homeserver ?? .zero, .zero).milliseconds,
            notBeforeReason: isHomeserver ? .homeserver : nil
        )
    }

    func wrongPasswordLimit(_ account: String, at now: Moment, _ quotas: Quotas) -> RateLimit {
        let quota = quotas.wrongPassword
        let wrong = recentWrongPasswords(at: now, quota)
        let isBlocked = wrong.count >= quota.count
        let oldest = isBlocked ? wrong[wrong.count - quota.count] : now
        let end = oldest.advanced(by: .milliseconds(quota.perMs))
        return RateLimit(
            name: .wrongPassword,
            account: account,
            count: quota.count,
            perMs: quota.perMs,
            remaining: max(0, quota.count - wrong.count),
            retryAfterMs: isBlocked ? max(0, now.duration(to: end).milliseconds) : 0
        )
    }
}
