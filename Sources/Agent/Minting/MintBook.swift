internal import JetonAPI
internal import Vault

/// The limits and the ledger of all accounts. What it grants is on the disk before it is granted.
actor MintBook {
    /// A permit that was taken, and how to give it back.
    struct Attempt: Sendable {
        let account: String
        let tokenId: String
        let sentAt: Moment
        fileprivate let before: Moment?
        fileprivate let after: Moment?
        fileprivate let ofRequester: RequesterMeters.Taking?
    }

    private let file: StateFile<[String: MintRecord]>
    private let requesterFile: StateFile<RequesterMeters>
    private var quotas: Quotas
    private let clock: @Sendable () -> Moment
    private var records: [String: MintRecord]
    private var requesters: RequesterMeters

    /// The life of a token of which nothing is known: longer than any homeserver's default.
    private static let longestLife = Duration.seconds(3600)

    init(
        folder: StateFolder,
        quotas: Quotas,
        clock: @escaping @Sendable () -> Moment
    ) throws(StorageProblem) {
        file = StateFile("mints.json", in: folder)
        requesterFile = StateFile("requesters.json", in: folder)
        self.quotas = quotas
        self.clock = clock
        records = try file.load() ?? [:]
        requesters = try requesterFile.load() ?? RequesterMeters()
    }

    /// From now on these are the limits; what was taken stays taken.
    func apply(_ quotas: Quotas) { self.quotas = quotas }

    /// - Throws: `rate_limited`, where no login token can be minted now.
    func check(_ account: String, for challenge: Challenge?, by requester: Requester?) throws(AgentError) {
        guard let obstacle = obstacle(account, requester, at: clock()) else { return }
        throw .rateLimited(obstacle, challenge: challenge?.isAnswered == true ? challenge : nil)
    }

    private func obstacle(_ account: String, _ requester: Requester?, at now: Moment) -> Obstacle? {
        if let obstacle = record(of: account, at: now).obstacle(at: now, quotas) { return obstacle }
        guard let requester, let quota = quotas.requester else { return nil }
        let wait = requesters.wait(of: requester, at: now, quota)
        return wait > .zero ? Obstacle(scope: .local, limit: .requester, wait: wait) : nil
    }

    /// Takes the permit and notes that a token may exist from now on.
    func take(_ account: String, purpose: String?, requester: Requester) async throws(AgentError) -> Attempt {
        let now = clock()
        if let obstacle = obstacle(account, requester, at: now) { throw .rateLimited(obstacle) }
        return try await record(account, purpose: purpose, requester: requester)
    }

    /// Notes that a token may exist, and takes its permit whatever stands in the way: it was minted already.
    func record(_ account: String, purpose: String?, requester: Requester) async throws(AgentError) -> Attempt {
        let now = clock()
        var record = record(of: account, at: now)
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
        // Both before the first wait, so that nobody else finds either permit.
        let old = records[account]
        records[account] = record
        let taking = quotas.requester.map { requesters.take(for: requester, at: now, $0) }
        let attempt = Attempt(
            account: account,
            tokenId: entry.tokenId,
            sentAt: now,
            before: before,
            after: record.meter.earnedAt,
            ofRequester: taking
        )
        do throws(AgentError) {
            if taking != nil { try await save(requesters, to: requesterFile) }
            try await save(records, to: file)
        } catch {
            records[account] = old
            if let taking { _ = requesters.giveBack(taking) }
            throw error
        }
        return attempt
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
        if let taking = attempt.ofRequester, requesters.giveBack(taking) {
            try await save(requesters, to: requesterFile)
        }
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
        do throws(AgentError) {
            try await save(records, to: file)
        } catch {
            records[account] = old
            throw error
        }
    }

    private func save<Value: Codable & Sendable>(
        _ value: Value,
        to file: StateFile<Value>
    ) async throws(AgentError) {
        do {
            try await file.save(value)
        } catch {
            throw .storageFailed(error)
        }
    }
}
