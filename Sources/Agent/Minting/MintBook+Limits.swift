internal import JetonAPI

/// What stands in the way of a login token, and for how long.
extension MintBook {
    /// - Throws: `rate_limited`, where no login token can be minted now.
    func check(_ account: String, for challenge: Challenge?, by requester: Requester?) throws(AgentError) {
        guard let obstacle = obstacle(account, requester, at: clock()) else { return }
        throw .rateLimited(obstacle, challenge: challenge?.isAnswered == true ? challenge : nil)
    }

    /// The first one that stands in the way now.
    func obstacle(_ account: String, _ requester: Requester?, at now: Moment) -> Obstacle? {
        if let obstacle = record(of: account, at: now).obstacle(at: now, quotas) { return obstacle }
        guard let requester, let quota = quotas.requester else { return nil }
        let wait = requesters.wait(of: requester, at: now, quota)
        return wait > .zero ? Obstacle(scope: .local, limit: .requester, wait: wait) : nil
    }

    /// The homeserver answered 429.
    /// - Returns: how long it is left alone now, which is never no time at all.
    func noteLimit(of account: String, retryAfter: Duration) async throws(AgentError) -> Duration {
        let now = clock()
        let wait = max(retryAfter, .seconds(1))
        var record = record(of: account, at: now)
        record.homeserverLimit = .init(notBefore: now.advanced(by: wait), waitMs: wait.milliseconds)
        try await replace(record, by: MintStep(account, record))
        return wait
    }

    func limits(of accounts: [String], for requester: Requester) -> [RateLimit] {
        let now = clock()
        let own = quotas.requester.map { [requesters.limit(of: requester, at: now, $0)] } ?? []
        return own
            + accounts.flatMap { account -> [RateLimit] in
                let record = record(of: account, at: now)
                return [
                    record.loginTokenLimit(account, at: now, quotas.loginToken),
                    record.wrongPasswordLimit(account, at: now, quotas.wrongPassword),
                ]
            }
    }
}
