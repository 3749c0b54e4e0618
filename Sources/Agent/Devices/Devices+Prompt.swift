internal import JetonAPI
internal import MatrixClient

/// The agent's own prompt: there the user is asked where the caller wants it so, where the homeserver verifies nobody, and
/// where it asks nothing. What is said there, nobody else learns.
extension Devices {
    /// Runs a sign-out, and has the user asked as often as that takes.
    func signOut(_ request: SignOutDevice, for requester: Requester) async throws(AgentError) {
        var call = SignOut(request: request, requester: requester)
        guard !call.isByPrompt || request.auth == nil else {
            throw .invalidParams("prompt \"agent\" and auth exclude each other", field: "prompt")
        }
        var asked: Challenge?
        do throws(AgentError) {
            while let challenge = try await turn(call) {
                asked = challenge
                guard let auth = try await answer(challenge, call) else {
                    asked = nil
                    throw await entrust(challenge)
                }
                (call.request.auth, call.isPromptsWord) = (auth, true)
            }
        } catch {
            // Nobody else may answer what was put to the user.
            if let asked { _ = challenges.claim(asked.id) }
            throw error
        }
    }

    /// The user has agreed, and the caller has to bring what the homeserver wants.
    private func entrust(_ challenge: Challenge) async -> AgentError {
        let account = challenge.account
        guard let session = await accounts.session(of: account) else { return .notLoggedIn(account) }
        guard let own = challenges.entrust(challenge.id, at: clock()), case .authentication(let uia) = own.wants else {
            return .challengeGone("challenge")
        }
        return await authRequired(own, uia, session)
    }

    /// The answer that goes on with what the user said; nil where that is not what the homeserver wants.
    private func answer(_ challenge: Challenge, _ call: SignOut) async throws(AgentError) -> AuthDictionary? {
        let session = try await session(of: challenge.account)
        var auth: AuthDictionary = ["challenge": .string(challenge.id)]
        guard case .authentication(let uia) = challenge.wants else {
            _ = try await ask(.confirm, challenge, call, session)
            challenges.noteAgreement(challenge.id)
            return auth
        }
        guard call.isByPrompt || uia.isForPrompts else {
            _ = try await ask(.confirm, challenge, call, session)
            challenges.noteAgreement(challenge.id)
            return nil
        }
        let (stage, asks) = try uia.stageAtPrompt(orElse: "; `jeton revoke` can")
        try uia.requireProgress(of: stage, at: session.homeserver)
        auth["type"] = .string(stage)
        guard let kind = asks else { return auth }
        let password = try await ask(kind, challenge, call, session, isRepeated: uia.errcode != nil || uia.error != nil)
        challenges.noteAgreement(challenge.id)
        auth["password"] = password.map { .string($0.reveal()) }
        auth["identifier"] = password.map { _ in ["type": "m.id.user", "user": .string(challenge.account)] }
        return auth
    }

    /// - Returns: the password, where that was asked for.
    private func ask(
        _ kind: PromptQuestion.Kind,
        _ challenge: Challenge,
        _ call: SignOut,
        _ session: SessionRecord,
        isRepeated: Bool = false
    ) async throws(AgentError) -> Secret? {
        let device = call.request.deviceId
        let named = try? await list(of: session).first { $0.deviceId == device }
        let question = PromptQuestion(
            kind,
            account: challenge.account,
            homeserver: session.homeserver.description,
            device: .init(deviceId: device, displayName: named?.displayName),
            requester: call.requester,
            isRepeated: kind == .password ? isRepeated : nil,
            terminal: call.request.terminal,
            deadlineMs: promptTimeoutMs()
        )
        let answer = try await desk.ask { () async throws(AgentError) in
            guard kind == .password else { return question }
            // A password that would not be passed on is not asked for.
            try await book.requirePasswordLeft(of: challenge.account)
            var question = question
            question.attemptsLeft = await book.passwordsLeft(of: challenge.account)
            return question
        }
        switch answer {
        case .agreed(let password): return password
        case .denied: throw .staysSignedIn(.consentDenied, "the user has refused")
        case .timedOut: throw .staysSignedIn(.consentTimeout, "the user has not answered in time")
        case .unavailable(let detail):
            let way =
                isForCaller(challenge)
                ? "on a terminal, `jeton revoke` asks as well" : AgentError.trustingCallers(for: challenge.account)
            throw .staysSignedIn(.promptUnavailable, "the agent cannot ask the user (\(detail); \(way))")
        }
    }
}

extension AgentError {
    fileprivate static func staysSignedIn(_ kind: Kind, _ detail: String) -> AgentError {
        AgentError(kind, "The device stays signed in: \(detail).", ["detail": .string(detail)])
    }
}
