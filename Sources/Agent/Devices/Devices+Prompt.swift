internal import JetonAPI
internal import MatrixClient

/// Signing out by the agent's own prompt: what the homeserver asks is put to the user there, and nobody else learns the
/// password.
extension Devices {
    func signOutByPrompt(_ request: SignOutDevice, for requester: Requester) async throws(AgentError) {
        guard request.auth == nil else {
            throw .invalidParams("prompt \"agent\" and auth exclude each other", field: "prompt")
        }
        var request = request
        while true {
            let refusal: AgentError
            do throws(AgentError) {
                return try await signOut(request, for: requester)
            } catch {
                refusal = error
            }
            guard refusal.kind == .authRequired, let id = refusal.data["challenge"]?.stringValue,
                let challenge = challenges.find(id, at: clock()), case .authentication(let uia) = challenge.wants
            else { throw refusal }
            do throws(AgentError) {
                request.auth = try await answer(challenge, uia, by: request, for: requester)
            } catch {
                _ = challenges.claim(id)
                throw error
            }
        }
    }

    private func answer(
        _ challenge: Challenge,
        _ uia: UIAChallenge,
        by request: SignOutDevice,
        for requester: Requester
    ) async throws(AgentError) -> AuthDictionary {
        let (stage, asks) = try uia.stageAtPrompt(orElse: "; `jeton revoke` can")
        var auth: AuthDictionary = ["type": .string(stage), "challenge": .string(challenge.id)]
        guard let kind = asks else { return auth }
        let session = try await session(of: challenge.account)
        let device = try? await list(of: session).first { $0.deviceId == request.deviceId }
        let question = PromptQuestion(
            kind,
            account: challenge.account,
            homeserver: session.homeserver.description,
            device: .init(deviceId: request.deviceId, displayName: device?.displayName),
            requester: requester,
            isRepeated: uia.errcode != nil || uia.error != nil,
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
        case .agreed(let password):
            auth["password"] = password.map { .string($0.reveal()) }
            auth["identifier"] = password.map { _ in ["type": "m.id.user", "user": .string(challenge.account)] }
            return auth
        case .denied: throw .staysSignedIn(.consentDenied, "the user has refused")
        case .timedOut: throw .staysSignedIn(.consentTimeout, "the user has not answered in time")
        case .unavailable(let detail):
            let way = "on a terminal, `jeton revoke` asks as well"
            throw .staysSignedIn(.promptUnavailable, "the agent cannot ask the user (\(detail); \(way))")
        }
    }
}

extension AgentError {
    fileprivate static func staysSignedIn(_ kind: Kind, _ detail: String) -> AgentError {
        AgentError(kind, "The device stays signed in: \(detail).", ["detail": .string(detail)])
    }
}
