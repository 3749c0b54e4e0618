internal import JetonAPI
internal import Vault

/// The user's own lock: it outlasts the agent, and opens only when the user has agreed to that.
actor UserLock {
    /// That there is such a file is the lock.
    struct Record: Codable, Sendable, Equatable {
        var lockedAt: Moment
        var requester: Requester
    }

    private let file: StateFile<Record>
    private let locks: Locks
    private let desk: PromptDesk
    private let consents: Consents
    private let promptTimeoutMs: @Sendable () -> Int
    private let clock: @Sendable () -> Moment
    /// So that a yes opens the lock that it was said to, and none that came after.
    private var number = 0
    private var isAsking = false

    init(
        folder: StateFolder,
        locks: Locks,
        desk: PromptDesk,
        consents: Consents,
        promptTimeoutMs: @escaping @Sendable () -> Int,
        clock: @escaping @Sendable () -> Moment
    ) throws(StorageProblem) {
        file = StateFile("user-lock.json", in: folder)
        self.locks = locks
        self.desk = desk
        self.consents = consents
        self.promptTimeoutMs = promptTimeoutMs
        self.clock = clock
        if let record = try file.load() { locks.noteUser(isLocked: true, by: record.requester) }
    }

    /// Holds at once. Where it cannot be written down, that is told, and it holds as long as the agent runs.
    func lock(by requester: Requester) async throws(AgentError) {
        number += 1
        locks.noteUser(isLocked: true, by: requester)
        do {
            try await file.save(Record(lockedAt: clock(), requester: requester))
        } catch {
            var failure = AgentError.storageFailed(error)
            failure.message += " The agent is locked, but only until it ends."
            throw failure
        }
    }

    /// Asks the user, unless there is nothing to unlock.
    func unlock(_ request: UnlockAgent, by requester: Requester) async throws(AgentError) {
        guard locks.now.contains(.user) else { return }
        guard !isAsking else {
            throw AgentError(.busy, "The user is asked already whether to unlock the agent.", ["limit": "unlock"])
        }
        isAsking = true
        defer { isAsking = false }
        let asked = number
        try await ask(request, requester)
        // Each time after a wait: another lock may have come.
        guard asked == number else { throw .locked(by: locks.now) }
        do {
            try await file.remove()
        } catch {
            throw .storageFailed(error)
        }
        guard asked == number else { throw .locked(by: locks.now) }
        locks.noteUser(isLocked: false, by: requester)
    }

    private func ask(_ request: UnlockAgent, _ requester: Requester) async throws(AgentError) {
        let consent = PendingConsent(
            consentId: Identifier.make("q"),
            wants: .unlock,
            requester: requester,
            requestedAt: clock()
        )
        let question = PromptQuestion(.unlock, consent, terminal: request.terminal, deadlineMs: promptTimeoutMs())
        let answer = try await consents.decide(
            .init(consent: consent, requester: requester),
            within: .milliseconds(question.deadlineMs)
        ) { [desk] () async throws(AgentError) in
            try await desk.ask { () async throws(AgentError) in question }
        }
        switch answer {
        case .agreed: return
        case .denied: throw .staysLocked(.consentDenied, "the user has refused")
        case .timedOut: throw .staysLocked(.consentTimeout, "the user has not answered in time")
        case .unavailable(let detail): throw .promptUnavailable(detail)
        }
    }
}

extension AgentError {
    fileprivate static func staysLocked(_ kind: Kind, _ detail: String) -> AgentError {
        AgentError(kind, "The agent stays locked: \(detail).", ["detail": .string(detail)])
    }
}
