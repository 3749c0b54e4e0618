internal import JetonAPI
internal import Vault

/// The limits and the ledger of all accounts. What it grants is on the disk before it is granted.
actor MintBook {
    /// A permit that was taken, and how to give it back.
    struct Attempt: Sendable, Equatable {
        let account: String
        let tokenId: String
        let sentAt: Moment
        fileprivate let before: Moment?
        fileprivate let after: Moment?
    }

    private let file: StateFile<[String: MintRecord]>
    private let quotas: Quotas
    private let clock: @Sendable () -> Moment
    private var records: [String: MintRecord]

    /// The life of a token of which nothing is known: longer than any homeserver's default.
    private static let longestLife = Duration.seconds(3600)

    init(
        folder: StateFolder,
        quotas: Quotas,
        clock: @escaping @Sendable () -> Moment
    ) throws(StorageProblem) {
        file = StateFile("mints.json", in: folder)
        self.quotas = quotas
        self.clock = clock
        records = try file.load() ?? [:]
    }

    /// - Throws: `rate_limited`, where no login token can be minted now.
    func check(_ account: String, for challenge: Challenge?) throws(AgentError) {
        let now = clock()
        guard let obstacle = record(of: account, at: now).obstacle(at: now, quotas) else { return }
        throw .rateLimited(obstacle, challenge: challenge?.isAnswered == true ? challenge : nil)
    }

    /// Takes the permit and notes that a token may exist from now on.
    func take(_ account: String, purpose: String?, requester: Requester) async throws(AgentError) -> Attempt {
        let now = clock()
        var record = record(of: account, at: now)
        if let obstacle = record.obstacle(at: now, quotas) { throw .rateLimited(obstacle) }
        let before = record.meter.earnedAt
        _ = record.meter.take(at: now, from: quotas.loginToken)
        let life = record.lastLifeMs.map { .milliseconds($0) } ?? Self.longestLife
        let entry = MintRecord.Entry(
            tokenId: Identifier.make("t"),
            issuedAt: now,
            expiresAt: now.advanced(by: life),
            isSettled: false,
            purpose: purpose,
            requester: requester
        )
        record.add(entry)
        try await replace(record, of: account)
        return Attempt(
            account: account,
            tokenId: entry.tokenId,
            sentAt: now,
            before: before,
            after: record.meter.earnedAt
        )
    }

    /// The homeserver minted.
    func settle(_ attempt: Attempt, expiresInMs: Int) async throws(AgentError) -> MintRecord.Entry {
        var record = records[attempt.account] ?? MintRecord()
        record.lastLifeMs = expiresInMs
        guard let index = record.entries.lastIndex(where: { $0.tokenId == attempt.tokenId }) else {
            preconditionFailure("an attempt that was never taken")
        }
        record.entries[index].isSettled = true
        record.entries[index].expiresAt = attempt.sentAt.advanced(by: .milliseconds(expiresInMs))
        try await replace(record, of: attempt.account)
        return record.entries[index]
    }

    /// It is certain that nothing was minted: the permit goes back, unless another was taken since.
    func giveBack(_ attempt: Attempt) async throws(AgentError) {
        var record = records[attempt.account] ?? MintRecord()
        record.entries.removeAll { $0.tokenId == attempt.tokenId }
        if record.meter.earnedAt == attempt.after { record.meter.earnedAt = attempt.before }
        try await replace(record, of: attempt.account)
    }

    /// When a token that may have been minted is certainly no longer accepted.
    func mayExistUntil(_ attempt: Attempt) -> Moment {
        let entry = records[attempt.account]?.entries.last { $0.tokenId == attempt.tokenId }
        return entry?.expiresAt ?? attempt.sentAt.advanced(by: Self.longestLife)
    }

    func noteWrongPassword(of account: String) async throws(AgentError) {
        let now = clock()
        var record = record(of: account, at: now)
        record.wrongPasswords = record.recentWrongPasswords(at: now, quotas.wrongPassword) + [now]
        try await replace(record, of: account)
    }

    /// The homeserver answered 429.
    /// - Returns: how long it is left alone now, which is never no time at all.
    func noteLimit(of account: String, retryAfter: Duration) async throws(AgentError) -> Duration {
        let now = clock()
        let wait = max(retryAfter, .seconds(1))
        var record = record(of: account, at: now)
        record.homeserverLimit = .init(notBefore: now.advanced(by: wait), waitMs: wait.milliseconds)
        try await replace(record, of: account)
        return wait
    }

    /// The tokens of these accounts, newest first.
    func tokens(of accounts: [String]?) -> [IssuedToken] {
        let now = clock()
        return (accounts ?? records.keys.sorted())
            .flatMap { account in (records[account]?.entries ?? []).map { $0.issued(of: account, at: now) } }
            .sorted { $0.issuedAt > $1.issuedAt }
    }

    func limits(of accounts: [String]) -> [RateLimit] {
        let now = clock()
        return accounts.flatMap { account -> [RateLimit] in
            let record = record(of: account, at: now)
            return [
                record.loginTokenLimit(account, at: now, quotas.loginToken),
                record.wrongPasswordLimit(account, at: now, quotas.wrongPassword),
            ]
        }
    }

    /// The record as it can be true now.
    private func record(of account: String, at now: Moment) -> MintRecord {
        guard var record = records[account] else { return MintRecord() }
        record.clamp(at: now, to: quotas)
        records[account] = record
        return record
    }

    /// Writes first; where that fails, nothing has changed.
    private func replace(_ record: MintRecord, of account: String) async throws(AgentError) {
        let old = records[account]
        records[account] = record
        do {
            try await file.save(records)
        } catch {
            records[account] = old
            throw .storageFailed(error)
        }
    }
}
