internal import JetonAPI
internal import MatrixClient

/// Answers from elsewhere than the program that asks, and than the prompt.
extension Minter {
    /// What the homeserver mints for the user's answer waits then, sealed, for the program that asks alone.
    func verify(_ auth: AuthDictionary, for challenge: Challenge, by approver: Requester) async throws(AgentError) {
        guard let session = await accounts.session(of: challenge.account) else { throw .notLoggedIn(challenge.account) }
        let minting = Minting(
            account: challenge.account,
            purpose: challenge.purpose,
            request: GenerateLoginToken(auth: auth.members),
            requester: challenge.requester,
            socket: challenge.socket,
            isByPrompt: challenge.isForPrompt,
            handover: challenge.handover,
            speaker: .elsewhere
        )
        try await gate.pass(minting.account) { () async throws(AgentError) in
            if Task.isCancelled { throw .withdrawn }
            try await authenticate(minting, session, by: approver)
        }
    }

    /// One turn of the account, as in `run`, but what is minted is not delivered.
    private func authenticate(
        _ minting: Minting,
        _ session: SessionRecord,
        by approver: Requester
    ) async throws(AgentError) {
        try await locks.requireNone()
        try await minting.handover?.check()
        guard let challenge = try answered(minting), !challenge.isAnswered,
            case .authentication(let uia) = challenge.wants
        else { throw .consentGone }
        try challenge.requireWorth(of: approver, uia)
        try await book.check(minting.account, for: challenge, by: minting.requester)
        guard challenges.claim(challenge.id) else { throw .consentGone }
        do throws(AgentError) {
            try await authenticate(minting, session, challenge, uia, by: approver)
        } catch {
            throw failure(error, of: challenge)
        }
    }

    private func authenticate(
        _ minting: Minting,
        _ session: SessionRecord,
        _ challenge: Challenge,
        _ uia: UIAChallenge,
        by approver: Requester
    ) async throws(AgentError) {
        switch try await post(minting, session, auth: minting.auth(in: uia), answering: challenge) {
        case .minted(let token):
            guard minting.proves(uia) || !approver.isKin(of: challenge.requester) else {
                throw .handedToNobody("the homeserver has verified nobody.", until: token.entry.expiresAt)
            }
            var challenge = challenge
            (challenge.wants, challenge.isAnswered) = (.consent(token), true)
            challenges.reopen(challenge)
            try settle(challenge, token)
        case .wants(let next): throw try await goOn(challenge, minting, session, from: uia, to: next)
        case .forgotten(let error):
            // The next answer begins anew.
            challenges.reopen(challenge)
            throw AgentError(error, at: session.homeserver)
        }
    }

    /// Tells the question at the prompt, if that is where it waits, that it has been answered.
    private func settle(_ challenge: Challenge, _ token: Challenge.SealedToken) throws(AgentError) {
        guard challenge.isForPrompt, !consents.settle(challenge.consentId, .success(.agreed(nil))) else { return }
        _ = challenges.claim(challenge.id)
        throw .handedToNobody("the program that asked has gone.", until: token.entry.expiresAt)
    }
}
