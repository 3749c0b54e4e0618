internal import JetonAPI
internal import Logging
internal import MatrixClient

/// The homeserver's question, user-interactive authentication: one stage of it a request.
extension Minter {
    /// The first request to a homeserver that asks, or of which it is not known.
    func begin(
        _ minting: Minting,
        _ session: SessionRecord,
        isQuestion: Bool
    ) async throws(AgentError) -> Request.Result {
        switch try await post(minting, session, auth: nil, isQuestion: isQuestion) {
        case .wants(let uia): throw await asked(uia, minting, session)
        case .minted(let token): return try await unseal(token, minting, session)
        case .forgotten(let error): throw AgentError(error, at: session.homeserver)
        }
    }

    /// The homeserver asks the user: remembered, and passed on.
    func asked(
        _ uia: UIAChallenge,
        _ minting: Minting,
        _ session: SessionRecord
    ) async -> AgentError {
        await note(.required, of: minting.account)
        if let deadEnd = uia.deadEnd { return .uiaDeadEnd(deadEnd, at: session.homeserver) }
        let locks = locks.now
        guard locks.isEmpty else { return .locked(by: locks) }
        let isForPrompt = minting.isByPrompt || !uia.isForCaller(under: policy(minting.account))
        return await authRequired(open(.authentication(uia), minting, isForPrompt: isForPrompt), uia, session)
    }

    /// The homeserver may verify less than when the caller was asked, or the policy have become stricter.
    /// - Throws: `auth_required`, for the agent's own prompt, where the user has not agreed to this yet.
    func requireAgreement(
        _ minting: Minting,
        _ session: SessionRecord,
        _ challenge: Challenge,
        _ uia: UIAChallenge
    ) async throws(AgentError) {
        let isForCaller = uia.isForCaller(under: policy(minting.account))
        guard !challenge.isForPrompt, !challenge.isAgreed, !isForCaller else { return }
        guard let reserved = challenges.reserve(challenge.id, at: clock()) else { throw .challengeGone("challenge") }
        throw await authRequired(reserved, uia, session)
    }

    /// Whether nothing but the user's word can have led to what was minted.
    private func isAgreed(_ minting: Minting, _ challenge: Challenge, _ uia: UIAChallenge) -> Bool {
        challenge.isAgreed || minting.proves(uia)
            || minting.speaker == .requester && policy(minting.account).trustsCallers
    }

    /// Whether the homeserver asks is a hint for the next time: one that cannot be written down stops nothing.
    func note(_ asking: SessionRecord.Asking, of account: String) async {
        let now = clock()
        do throws(AgentError) {
            try await accounts.note(account) { $0.see(asking, at: now) }
        } catch {
            logger.warning(
                "whether the homeserver asks could not be written down, ignoring",
                metadata: ["account": "\(account)", "problem": "\(error.message)"]
            )
        }
    }

    /// The user's answer to one stage, or word that one was done in the browser.
    func authenticate(
        _ minting: Minting,
        _ session: SessionRecord,
        _ challenge: Challenge,
        _ uia: UIAChallenge
    ) async throws(AgentError) -> Request.Result {
        switch try await post(minting, session, auth: minting.auth(in: uia), answering: challenge) {
        case .minted(let token):
            guard isAgreed(minting, challenge, uia) else { return try await unseal(token, minting, session) }
            return try deliver(token, of: session)
        case .wants(let next): throw try await goOn(challenge, minting, session, from: uia, to: next)
        case .forgotten: return try await beginAnew(minting, session, challenge, insteadOf: uia)
        }
    }

    /// The homeserver has forgotten its UIA session: another one is begun, once. The answer goes along where it was
    /// the first; stages that were done before are lost, and the user is asked for them again.
    private func beginAnew(
        _ minting: Minting,
        _ session: SessionRecord,
        _ challenge: Challenge,
        insteadOf forgotten: UIAChallenge
    ) async throws(AgentError) -> Request.Result {
        var challenge = challenge
        challenge.isAnswered = false
        switch try await post(minting, session, auth: nil, isQuestion: true, answering: challenge) {
        case .minted(let token): return try await unseal(token, minting, session)
        case .forgotten(let error): throw AgentError(error, at: session.homeserver)
        case .wants(let fresh):
            if let deadEnd = fresh.deadEnd { throw .uiaDeadEnd(deadEnd, at: session.homeserver) }
            challenge.wants = .authentication(fresh)
            guard minting.stage != nil, forgotten.completed.isEmpty,
                challenge.isAgreed || fresh.isForCaller(under: policy(minting.account))
            else {
                challenges.reopen(challenge)
                throw await authRequired(challenge, fresh, session)
            }
            switch try await post(minting, session, auth: minting.auth(in: fresh), answering: challenge) {
            case .minted(let token):
                guard isAgreed(minting, challenge, fresh) else { return try await unseal(token, minting, session) }
                return try deliver(token, of: session)
            case .wants(let next): throw try await goOn(challenge, minting, session, from: fresh, to: next)
            case .forgotten(let error):
                // It was the answer then: Synapse says the same of a kind of identifier that it does not know.
                challenges.reopen(challenge)
                throw AgentError(error, at: session.homeserver)
            }
        }
    }

    /// The homeserver wants more, or the same again: the challenge stays open for it.
    func goOn(
        _ challenge: Challenge,
        _ minting: Minting,
        _ session: SessionRecord,
        from last: UIAChallenge,
        to next: UIAChallenge
    ) async throws(AgentError) -> AgentError {
        if let deadEnd = next.deadEnd { return .uiaDeadEnd(deadEnd, at: session.homeserver) }
        let next = next.following(last, answeredBy: minting.stage)
        var challenge = challenge
        challenge.wants = .authentication(next)
        // Whatever was taken for a right answer before, it was none.
        challenge.isAnswered = false
        challenges.reopen(challenge)
        return await authRequired(challenge, next, session)
    }
}
