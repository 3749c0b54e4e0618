internal import JetonAPI
internal import Vault

/// The limits and the ledger of all accounts. What it grants is on the disk before it is granted.
actor MintBook {
    /// A permit that was taken, and how to give it back.
    struct Attempt: Sendable {
        let account: String
        /// What the ledger says of it until its end is known.
        let entry: MintRecord.Entry
        fileprivate let before: Moment?
        fileprivate let after: Moment?
        fileprivate let ofRequester: RequesterMeters.Taking?
        /// The password that goes along, counted as a wrong one until the homeserver has said that it is none.
        fileprivate let guess: Moment?
    }

    private let log: StateLog<MintStep>
    /// How older agents kept the records: read once, and removed when the log is there.
    private let oldFile: StateFile<[String: MintRecord]>
    private var hasOldFile = false
    /// How many steps the log has more than the records need; nil: it must be written anew.
    private var appended: Int?
    private let requesterFile: StateFile<RequesterMeters>
    let silenceFile: StateFile<RestrictedSilence>
    var silence: RestrictedSilence
    var quotas: Quotas
    let clock: @Sendable () -> Moment
    private(set) var records: [String: MintRecord]
    var requesters: RequesterMeters

    /// Far more than a ledger holds, so that the log is seldom written anew, and small enough to be read at once.
    private static let mostAppended = 1000

    /// The life of a token of which nothing is known: longer than any homeserver's default.
    private static let longestLife = Duration.seconds(3600)

    init(
        folder: StateFolder,
        quotas: Quotas,
        clock: @escaping @Sendable () -> Moment
    ) throws(StorageProblem) {
        log = StateLog("mints.jsonl", in: folder)
        oldFile = StateFile("mints.json", in: folder)
        requesterFile = StateFile("requesters.json", in: folder)
        silenceFile = StateFile("restricted.json", in: folder)
        self.quotas = quotas
        self.clock = clock
        silence = try silenceFile.load() ?? RestrictedSilence()
        records = [:]
        requesters = try requesterFile.load() ?? RequesterMeters()
        if let steps = try log.load() {
            for step in steps { records[step.account, default: MintRecord()].apply(step) }
        } else if let old = try oldFile.load() {
            records = old
            hasOldFile = true
        }
    }

    /// From now on these are the limits; what was taken stays taken.
    func apply(_ quotas: Quotas) { self.quotas = quotas }

    /// Takes the permit and notes that a token may exist from now on. A password that goes along counts as a wrong one
    /// meanwhile: whoever ends the agent before the answer has not gained another try.
    func take(
        _ account: String,
        purpose: String?,
        requester: Requester,
        withPassword: Bool = false
    ) async throws(AgentError) -> Attempt {
        let now = clock()
        if let obstacle = obstacle(account, requester, at: now) { throw .rateLimited(obstacle) }
        return try await record(account, purpose: purpose, requester: requester, withPassword: withPassword)
    }

    /// Notes that a token may exist, and takes its permit whatever stands in the way: it was minted already.
    func record(
        _ account: String,
        purpose: String?,
        requester: Requester,
        withPassword: Bool = false
    ) async throws(AgentError) -> Attempt {
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
        if withPassword { record.noteWrongPassword(at: now, quotas.wrongPassword) }
        // Both before the first wait, so that nobody else finds either permit.
        records[account] = record
        let taking = quotas.requester.map { requesters.take(for: requester, at: now, $0) }
        let attempt = Attempt(
            account: account,
            entry: entry,
            before: before,
            after: record.meter.earnedAt,
            ofRequester: taking,
            guess: withPassword ? now : nil
        )
        do throws(AgentError) {
            if taking != nil { try await saveRequesters() }
            // As it is by now: something may have been noted meanwhile.
            try await write(MintStep(account, records[account] ?? record, changed: entry), until: .machine)
        } catch {
            // What was noted meanwhile by others stays.
            records[account]?.undo(attempt)
            if let taking { _ = requesters.giveBack(taking) }
            throw error
        }
        return attempt
    }

    /// The homeserver minted. This may be lost when the machine ends before the disk has it: what was written when the
    /// permit was taken says then that there may be a token, and the permit is spent.
    func settle(
        _ attempt: Attempt,
        expiresInMs: Int,
        password verdict: PasswordVerdict = .right
    ) async throws(AgentError) -> MintRecord.Entry {
        var record = records[attempt.account] ?? MintRecord()
        record.lastLifeMs = expiresInMs
        if let guess = attempt.guess { record.judge(guess, verdict) }
        // The ledger may have had so many since that this one is no longer among them.
        var entry = record.entries.last { $0.tokenId == attempt.entry.tokenId } ?? attempt.entry
        entry.isSettled = true
        entry.expiresAt = attempt.entry.issuedAt.advanced(by: .milliseconds(expiresInMs))
        record.put(entry)
        try await replace(record, by: MintStep(attempt.account, record, changed: entry), until: .process)
        return entry
    }

    /// It is certain that nothing was minted: the permit goes back, unless another was taken since.
    func giveBack(_ attempt: Attempt, password verdict: PasswordVerdict = .unknown) async throws(AgentError) {
        var record = records[attempt.account] ?? MintRecord()
        record.undo(attempt, verdict)
        try await replace(record, by: MintStep(attempt.account, record, withdrawn: attempt.entry.tokenId))
        if let taking = attempt.ofRequester, requesters.giveBack(taking) {
            try await saveRequesters()
        }
    }

    /// When a token that may have been minted is certainly no longer accepted.
    func mayExistUntil(_ attempt: Attempt) -> Moment {
        let entry = records[attempt.account]?.entries.last { $0.tokenId == attempt.entry.tokenId }
        return (entry ?? attempt.entry).expiresAt
    }

    /// The record as it can be true now.
    func record(of account: String, at now: Moment) -> MintRecord {
        guard var record = records[account] else { return MintRecord() }
        record.clamp(at: now, to: quotas)
        records[account] = record
        return record
    }

    /// Where it cannot be written, nothing has changed; unless something else has meanwhile, which then stays as well.
    func replace(
        _ record: MintRecord,
        by step: MintStep,
        until durability: Durability = .machine
    ) async throws(AgentError) {
        let old = records[step.account]
        records[step.account] = record
        do throws(AgentError) {
            try await write(step, until: durability)
        } catch {
            if records[step.account] == record { records[step.account] = old }
            throw error
        }
    }

    /// Appends a step to the log; from time to time the records as they are, the step among them, take its place.
    private func write(_ step: MintStep, until durability: Durability) async throws(AgentError) {
        do {
            if let count = appended, count < Self.mostAppended {
                appended = count + 1
                try await log.append(step, until: durability)
            } else {
                // Until that is done nobody may append: what is there may end in half a line.
                appended = nil
                try await log.replace(with: records.map { MintStep(whole: $0.value, of: $0.key) })
                appended = 0
                if hasOldFile { try await oldFile.remove() }
                hasOldFile = false
            }
        } catch {
            appended = nil
            throw .storageFailed(error)
        }
    }

    private func saveRequesters() async throws(AgentError) {
        do {
            try await requesterFile.save(requesters)
        } catch {
            throw .storageFailed(error)
        }
    }
}

extension MintRecord {
    /// As if an attempt had never been: nothing was minted.
    fileprivate mutating func undo(_ attempt: MintBook.Attempt, _ verdict: MintBook.PasswordVerdict = .unknown) {
        entries.removeAll { $0.tokenId == attempt.entry.tokenId }
        if meter.earnedAt == attempt.after { meter.earnedAt = attempt.before }
        if let guess = attempt.guess { judge(guess, verdict) }
    }
}
