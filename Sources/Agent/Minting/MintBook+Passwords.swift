internal import JetonAPI

/// The limit of wrong passwords: an account's, whatever they were for. Each counts as a wrong one from before it is sent
/// until the homeserver has said that it is none: whoever ends the agent before the answer has gained no further try.
extension MintBook {
    /// What the homeserver has said of a password.
    enum PasswordVerdict { case wrong, right, unknown }

    /// A password is about to be sent, for something that takes no permit.
    /// - Returns: what its verdict is noted by.
    /// - Throws: `rate_limited`, where too many were wrong.
    func takePassword(of account: String) async throws(AgentError) -> Moment {
        try requirePasswordLeft(of: account)
        let now = clock()
        var record = record(of: account, at: now)
        record.noteWrongPassword(at: now, quotas.wrongPassword)
        try await replace(record, by: MintStep(account, record))
        return now
    }

    /// - Throws: `rate_limited`, where too many were wrong.
    func requirePasswordLeft(of account: String) throws(AgentError) {
        let now = clock()
        guard let wait = record(of: account, at: now).wrongPasswordWait(at: now, quotas.wrongPassword) else { return }
        throw .rateLimited(Obstacle(scope: .local, limit: .wrongPassword, wait: wait))
    }

    /// Sends a password that was taken, and notes what the homeserver makes of it.
    /// - Parameters:
    ///   - guess: what its verdict is noted by.
    ///   - account: whose it is.
    ///   - verdict: what an answer says of it.
    ///   - send: what it is for.
    /// - Returns: the homeserver's answer.
    /// - Throws: what sending it throws.
    nonisolated func judge<Answer>(
        _ guess: Moment,
        of account: String,
        by verdict: (Answer) -> PasswordVerdict,
        _ send: () async throws(AgentError) -> Answer
    ) async throws(AgentError) -> Answer {
        var judged = PasswordVerdict.unknown
        let outcome: Result<Answer, AgentError>
        do throws(AgentError) {
            let answer = try await send()
            judged = verdict(answer)
            outcome = .success(answer)
        } catch {
            // The homeserver may have seen it, though nothing came back.
            if error.kind == .homeserverError || error.mayHaveArrived { judged = .wrong }
            outcome = .failure(error)
        }
        // Ignoring that it cannot be written down: then it goes on counting as a wrong one.
        try? await judge(guess, of: account, judged)
        return try outcome.get()
    }

    private func judge(_ guess: Moment, of account: String, _ verdict: PasswordVerdict) async throws(AgentError) {
        guard verdict != .wrong else { return }
        var record = record(of: account, at: clock())
        record.judge(guess, verdict)
        try await replace(record, by: MintStep(account, record))
    }

    /// How many more may be wrong.
    func passwordsLeft(of account: String) -> Int {
        let now = clock()
        let count = record(of: account, at: now).recentWrongPasswords(at: now, quotas.wrongPassword).count
        return max(0, quotas.wrongPassword.count - count)
    }
}
