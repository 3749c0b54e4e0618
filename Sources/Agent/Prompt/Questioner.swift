internal import JetonAPI
internal import MatrixClient

/// Whoever needs the user's word for what it does: its challenges are answered at the agent's own prompt, by the program
/// that asks, or from elsewhere.
protocol Questioner: Actor {
    var accounts: Accounts { get }
    var locks: Locks { get }
    var book: MintBook { get }
    var desk: PromptDesk { get }
    var consents: Consents { get }
    /// How long a question may stand.
    var promptTimeoutMs: @Sendable () -> Int { get }
    var clock: @Sendable () -> Moment { get }
    var challenges: Challenges { get set }

    /// Lets the homeserver say whether it is the user who answers from elsewhere, in the name of the program that asks.
    /// - Throws: `auth_required` with what the homeserver wants next.
    func verify(_ auth: AuthDictionary, for challenge: Challenge, by approver: Requester) async throws(AgentError)
}

extension Questioner {
    /// The questions that callers put to the user themselves, oldest first.
    func questionsOfCallers() async -> [PendingConsent] {
        var questions: [PendingConsent] = []
        for challenge in challenges.ofCallers(at: clock()) {
            guard let session = await accounts.session(of: challenge.account) else { continue }
            let wants: PendingConsent.Wants = if case .authentication = challenge.wants { .auth } else { .consent }
            questions.append(
                PendingConsent(challenge, wants: wants, by: .caller, of: challenge.requester, at: session.homeserver)
            )
        }
        return questions
    }

    /// Whether it is a question of this one's.
    func hasAsked(_ consentId: String) -> Bool { challenges.find(consentId: consentId, at: clock()) != nil }

    /// - Returns: whose question it was.
    /// - Throws: `auth_required` with what the homeserver wants next, under the consent's name.
    func approve(_ request: ApproveConsent, by approver: Requester) async throws(AgentError) -> String {
        guard let challenge = challenges.find(consentId: request.consentId, at: clock()) else { throw .consentGone }
        try await locks.requireNone()
        switch challenge.wants {
        case .authentication(let uia) where consents.find(challenge.consentId)?.consent.wants != .consent:
            do throws(AgentError) {
                try challenge.requireWorth(of: approver, uia)
                guard let session = await accounts.session(of: challenge.account) else {
                    throw .notLoggedIn(challenge.account)
                }
                guard let auth = try request.auth(for: challenge) else {
                    throw await authRequired(challenge, uia, session)
                }
                try await verify(auth, for: challenge, by: approver)
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
        // A device that was signed out from elsewhere does not come back.
        if case .signedOut = challenge.outcome { throw .consentGone }
        if challenge.isForPrompt {
            guard consents.settle(consentId, .success(.denied)) else { throw .consentGone }
        } else {
            challenges.noteDenial(challenge.id)
        }
        return challenge.account
    }

    /// What an answer from elsewhere has failed by, as the approver is told it. With a challenge that can be answered no
    /// more nobody is bothered any longer, and the program hears why.
    func failure(_ error: AgentError, of challenge: Challenge) -> AgentError {
        guard challenges.find(challenge.id, at: clock()) == nil else { return error }
        _ = consents.settle(challenge.consentId, .failure(error))
        return error.kind == .authRequired ? .consentGone : error
    }

    /// What the homeserver wants to know, for whoever answers it.
    func authRequired(_ challenge: Challenge, _ uia: UIAChallenge, _ session: SessionRecord) async -> AgentError {
        let left = await book.passwordsLeft(of: challenge.account)
        return .authRequired(challenge, uia, at: session.homeserver, attemptsLeft: left)
    }
}

extension Challenge {
    /// What nobody verifies is worth no more than a yes.
    func requireWorth(of approver: Requester, _ uia: UIAChallenge) throws(AgentError) {
        guard uia.verifiesUser || !approver.isKin(of: requester) else { throw .ownApproval }
    }
}

extension ApproveConsent {
    /// Its answer as one to the challenge itself; nil where it brings none.
    fileprivate func auth(for challenge: Challenge) throws(AgentError) -> AuthDictionary? {
        guard var auth else { return nil }
        guard auth["challenge"] == .string(challenge.consentId) else {
            throw .invalidParams("auth.challenge must be the consent_id", field: "auth.challenge")
        }
        auth["challenge"] = .string(challenge.id)
        return auth
    }
}
