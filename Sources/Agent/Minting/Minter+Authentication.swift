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
        return .authRequired(
            open(.authentication(uia), minting, isForPrompt: minting.isByPrompt),
            uia,
            at: session.homeserver
        )
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
        case .minted(let token): return try deliver(token, of: session)
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
            guard minting.stage != nil, forgotten.completed.isEmpty else {
                challenges.reopen(challenge)
                throw .authRequired(challenge, fresh, at: session.homeserver)
            }
            switch try await post(minting, session, auth: minting.auth(in: fresh), answering: challenge) {
            case .minted(let token): return try deliver(token, of: session)
            case .wants(let next): throw try await goOn(challenge, minting, session, from: fresh, to: next)
            case .forgotten(let error):
                // It was the answer then: Synapse says the same of a kind of identifier that it does not know.
                challenges.reopen(challenge)
                throw AgentError(error, at: session.homeserver)
            }
        }
    }

    /// The homeserver wants more, or the same again: the challenge stays open for it.
    private func goOn(
        _ challenge: Challenge,
        _ minting: Minting,
        _ session: SessionRecord,
        from last: UIAChallenge,
        to next: UIAChallenge
    ) async throws(AgentError) -> AgentError {
        if let deadEnd = next.deadEnd { return .uiaDeadEnd(deadEnd, at: session.homeserver) }
        var next = next
        next.session = next.session ?? last.session
        if next.errcode == "M_FORBIDDEN", minting.stage == "m.login.password" {
            try await book.noteWrongPassword(of: minting.account)
        }
        if let stage = minting.stage, next.errcode == nil, !next.completed.contains(stage) {
            next.error = "\(stage) was answered, and does not count as done"
        }
        var challenge = challenge
        challenge.wants = .authentication(next)
        challenges.reopen(challenge)
        return .authRequired(challenge, next, at: session.homeserver)
    }
}

extension UIAChallenge {
    /// Why nothing that anybody could answer would bring this on.
    var deadEnd: String? {
        if progress.isDone { return "asks the user again after all that it wanted is done" }
        return progress.nextStages.isEmpty ? "wants to ask the user, and offers no way to do it" : nil
    }

    /// The stages that may be answered next. A flow is chosen by answering one of its stages, and may be left again.
    var answerableStages: Set<String> { Set(flows.compactMap { progress.left(in: $0).first }) }

    /// The pages for the stages that are left, by stage. A password has none, and a dummy needs none: so the session
    /// goes out only where the user cannot do without.
    func fallbackPages(at homeserver: HomeserverAddress) -> [String: JSONValue] {
        let stages = Set(flows.flatMap { progress.left(in: $0) }).subtracting(["m.login.password", "m.login.dummy"])
        return stages.reduce(into: [:]) { pages, stage in
            pages[stage] = fallbackPage(of: stage, at: homeserver).map { .string($0.reveal()) }
        }
    }
}
