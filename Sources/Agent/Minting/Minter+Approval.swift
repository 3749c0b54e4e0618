internal import JetonAPI
internal import MatrixClient

/// Answers from elsewhere than the program that asks, and than the prompt.
extension Minter {
    /// The questions that callers put to the user themselves, oldest first.
    func questionsOfCallers() async -> [PendingConsent] {
        var questions: [PendingConsent] = []
        for challenge in challenges.ofCallers(at: clock()) {
            guard let session = await accounts.session(of: challenge.account) else { continue }
            questions.append(PendingConsent(challenge, at: session.homeserver))
        }
        return questions
    }

    /// - Returns: whose question it was.
    /// - Throws: `auth_required` with what the homeserver wants next, under the consent's name.
    func approve(_ request: ApproveConsent, by approver: Requester) async throws(AgentError) -> String {
        guard let challenge = challenges.find(consentId: request.consentId, at: clock()) else { throw .consentGone }
        try await locks.requireNone()
        switch challenge.wants {
        case .authentication(let uia) where consents.find(challenge.consentId)?.consent.wants != .consent:
            do throws(AgentError) {
                try await verify(request, challenge, uia, by: approver)
            } catch {
                guard error.data["challenge"] != nil else { throw error }
                var error = error
                error.data["challenge"] = .string(challenge.consentId)
                throw error
            }
        case .authentication, .consent:
            guard request.auth == nil else {
                throw .invalidParams("this question wants a yes, and no auth", field: "auth")
            }
            guard !approver.isKin(of: challenge.requester) else { throw .ownApproval }
            guard challenge.isForPrompt else {
                challenges.noteAnswer(challenge.id)
                break
            }
            guard consents.settle(challenge.consentId, .success(.agreed(nil))) else { throw .consentGone }
        }
        return challenge.account
    }

    /// - Returns: whose question it was.
    func deny(_ consentId: String) throws(AgentError) -> String {
        guard let challenge = challenges.find(consentId: consentId, at: clock()) else { throw .consentGone }
        if challenge.isForPrompt {
            guard consents.settle(consentId, .success(.denied)) else { throw .consentGone }
        } else {
            challenges.noteDenial(challenge.id)
        }
        return challenge.account
    }

    /// Lets the homeserver say whether it is the user, in the name of the program that asks. What it mints then waits,
    /// sealed, for that program alone.
    private func verify(
        _ request: ApproveConsent,
        _ challenge: Challenge,
        _ uia: UIAChallenge,
        by approver: Requester
    ) async throws(AgentError) {
        try Self.requireWorth(uia, approver, challenge)
        guard let session = await accounts.session(of: challenge.account) else { throw .notLoggedIn(challenge.account) }
        guard var auth = request.auth else { throw await authRequired(challenge, uia, session) }
        guard auth["challenge"] == .string(challenge.consentId) else {
            throw .invalidParams("auth.challenge must be the consent_id", field: "auth.challenge")
        }
        auth["challenge"] = .string(challenge.id)
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

    /// What nobody verifies is worth no more than a yes.
    private static func requireWorth(
        _ uia: UIAChallenge,
        _ approver: Requester,
        _ challenge: Challenge
    ) throws(AgentError) {
        guard uia.verifiesUser || !approver.isKin(of: challenge.requester) else { throw .ownApproval }
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
        try Self.requireWorth(uia, approver, challenge)
        try await book.check(minting.account, for: challenge, by: minting.requester)
        guard challenges.claim(challenge.id) else { throw .consentGone }
        do throws(AgentError) {
            try await authenticate(minting, session, challenge, uia, by: approver)
        } catch {
            guard challenges.find(challenge.id, at: clock()) == nil else { throw error }
            // With what can be answered no more nobody is bothered any longer, and the program hears why.
            _ = consents.settle(challenge.consentId, .failure(error))
            throw error.kind == .authRequired ? .consentGone : error
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

extension PendingConsent {
    fileprivate init(_ challenge: Challenge, at homeserver: HomeserverAddress) {
        let wants: Wants = if case .authentication = challenge.wants { .auth } else { .consent }
        self.init(
            consentId: challenge.consentId,
            wants: wants,
            prompt: .caller,
            account: challenge.account,
            homeserver: homeserver.description,
            purpose: challenge.purpose,
            destination: challenge.handover?.destination,
            requester: challenge.socket == .restricted ? nil : challenge.requester,
            requestedAt: challenge.openedAt
        )
    }
}
