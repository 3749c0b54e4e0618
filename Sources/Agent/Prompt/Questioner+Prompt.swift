internal import JetonAPI
internal import MatrixClient

/// The homeserver's question at the agent's own prompt: there the user says what a caller would bring else.
extension Questioner {
    /// - Parameters:
    ///   - challenge: what is put to the user.
    ///   - uia: what the homeserver wants.
    ///   - isByPrompt: whether nobody but the prompt may ask for it.
    ///   - homeserver: where.
    ///   - way: the end of the sentence where the prompt cannot, who could ask for more than it.
    ///   - ask: puts a question, and returns the password where that was asked for.
    /// - Returns: the answer that goes on; nil where the user has agreed, and what the homeserver wants is not the prompt's.
    /// - Throws: what `ask` throws; `prompt_unavailable` where the prompt cannot ask for it.
    func answer(
        _ challenge: Challenge,
        _ uia: UIAChallenge,
        isByPrompt: Bool,
        at homeserver: HomeserverAddress,
        orElse way: String,
        _ ask: (PromptQuestion.Kind) async throws(AgentError) -> Secret?
    ) async throws(AgentError) -> AuthDictionary? {
        guard isByPrompt || uia.isForPrompts else {
            _ = try await ask(.confirm)
            challenges.noteAgreement(challenge.id)
            return challenges.answer(to: challenge, stage: nil, at: clock())
        }
        let (stage, asks) = try uia.stageAtPrompt(orElse: way)
        try uia.requireProgress(of: stage, at: homeserver)
        var password: Secret?
        if let kind = asks {
            password = try await ask(kind)
            challenges.noteAgreement(challenge.id)
        }
        return challenges.answer(to: challenge, stage: stage, password: password, at: clock())
    }

    /// Puts a question, which can be answered from elsewhere as well.
    /// - Parameters:
    ///   - kind: what is asked for.
    ///   - challenge: what it is about.
    ///   - uia: what the homeserver wants, and has said of the last answer; nil where the question is ours.
    ///   - requester: who waits for the answer.
    ///   - terminal: where they can be reached, besides the display.
    ///   - check: looks, when the question's turn has come, whether there is any use in asking.
    /// - Returns: what the user said.
    /// - Throws: `not_logged_in` where the account has gone; what `check` throws; why nobody need answer any more; `busy`
    ///   where too many wait.
    func put(
        _ kind: PromptQuestion.Kind,
        _ challenge: Challenge,
        _ uia: UIAChallenge?,
        of requester: Requester,
        terminal: CallerTerminal?,
        after check: @escaping @Sendable () async throws(AgentError) -> Void
    ) async throws(AgentError) -> PromptAnswer {
        let account = challenge.account
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        let consent = PendingConsent(
            challenge,
            wants: kind == .password ? .auth : .consent,
            by: .agent,
            of: requester,
            at: session.homeserver
        )
        let question = PromptQuestion(
            kind,
            consent,
            isRepeated: kind == .password ? uia?.isRepeated == true : nil,
            terminal: terminal,
            deadlineMs: promptTimeoutMs()
        )
        return try await consents.decide(
            .init(consent: consent, requester: requester),
            within: .milliseconds(question.deadlineMs)
        ) { [desk, book] () async throws(AgentError) in
            try await desk.ask { () async throws(AgentError) in
                try await check()
                guard kind == .password else { return question }
                var question = question
                question.attemptsLeft = await book.passwordsLeft(of: account)
                return question
            }
        }
    }

    /// The user has agreed, and the caller has to bring what the homeserver wants.
    func entrust(_ challenge: Challenge) async -> AgentError {
        let account = challenge.account
        guard let session = await accounts.session(of: account) else { return .notLoggedIn(account) }
        guard let own = challenges.entrust(challenge.id, at: clock()), case .authentication(let uia) = own.wants else {
            return .challengeGone("challenge")
        }
        return await authRequired(own, uia, session)
    }
}

extension Challenges {
    /// The answer that goes on with what the user has said at the prompt: the challenge alone, where somebody has done the
    /// stage meanwhile from elsewhere.
    /// - Parameters:
    ///   - challenge: as it was put to the user.
    ///   - stage: what was asked for; nil where that was a yes of our own.
    ///   - password: what the user has typed in, where the stage wants that.
    ///   - now: when.
    /// - Returns: nil where the stage that is left is not the prompt's.
    fileprivate mutating func answer(
        to challenge: Challenge,
        stage: String?,
        password: Secret? = nil,
        at now: Moment
    ) -> AuthDictionary? {
        let alone: AuthDictionary = ["challenge": .string(challenge.id)]
        guard !isDone(stage, of: challenge, at: now) else { return alone }
        guard let stage else { return nil }
        var auth = alone
        auth["type"] = .string(stage)
        auth["password"] = password.map { .string($0.reveal()) }
        auth["identifier"] = password.map { _ in ["type": "m.id.user", "user": .string(challenge.account)] }
        return auth
    }

    private mutating func isDone(_ stage: String?, of challenge: Challenge, at now: Moment) -> Bool {
        guard let now = find(challenge.id, at: now) else { return false }
        guard !now.isAnswered, case .authentication(let uia) = now.wants else { return true }
        return stage.map { !uia.answerableStages.contains($0) } ?? false
    }
}
