internal import JetonAPI
internal import MatrixClient

/// The agent's own prompt: there the user is asked where the caller wants it so, where the homeserver verifies nobody, and
/// where it asks nothing. What is said there, nobody else learns.
extension Devices {
    /// Runs a sign-out, and has the user asked as often as that takes.
    func signOut(_ request: SignOutDevice, for requester: Requester) async throws(AgentError) {
        let answered = try challenges.answered(by: request, isPromptsWord: false, at: clock())
        let account = try await accounts.find(answered?.account ?? request.account)
        var call = SignOut(account: account, request: request, requester: requester)
        guard !call.isByPrompt || request.auth == nil else {
            throw .invalidParams("prompt \"agent\" and auth exclude each other", field: "prompt")
        }
        var asked: Challenge?
        while true {
            let challenge: Challenge
            do throws(AgentError) {
                guard let wanted = try await turn(call) else { return }
                challenge = wanted
            } catch {
                guard let asked else { throw error }
                // After a turn of ours nobody else is at it.
                return try await conclude(asked, error, mayBeUnderWay: false)
            }
            asked = challenge
            let auth: AuthDictionary?
            do throws(AgentError) {
                auth = try await answer(challenge, call)
            } catch {
                return try await conclude(challenge, error, mayBeUnderWay: true)
            }
            guard let auth else { throw await entrust(challenge) }
            (call.request.auth, call.speaker) = (auth, .prompt)
        }
    }

    /// Nobody else may answer any more what was put to the user. Whoever is doing so comes first: who asked hears what is
    /// so, not only what has become of the question.
    /// - Throws: why the device stays signed in, or that nobody knows whether it does.
    private func conclude(
        _ asked: Challenge,
        _ error: AgentError,
        mayBeUnderWay: Bool
    ) async throws(AgentError) {
        let left = challenges.find(asked.id, at: clock())
        challenges.end(asked)
        // An answer that is under way has its turn. Whoever has gone hears nothing of it.
        if mayBeUnderWay, left == nil, !Task.isCancelled { await gate.pass(asked.account) {} }
        switch left?.outcome ?? challenges.outcomeAfterEnd(of: asked.id) {
        case .signedOut: return
        case .unknown(let cause): throw .signOutUnknown(cause)
        case nil: throw error
        }
    }

    /// The answer that goes on with what the user said; nil where that is not what the homeserver wants.
    private func answer(_ challenge: Challenge, _ call: SignOut) async throws(AgentError) -> AuthDictionary? {
        guard case .authentication(let uia) = challenge.wants else {
            _ = try await ask(.confirm, challenge, call)
            challenges.noteAgreement(challenge.id)
            return ["challenge": .string(challenge.id)]
        }
        let session = try await session(of: call.account)
        return try await answer(
            challenge,
            uia,
            isByPrompt: call.isByPrompt,
            at: session.homeserver,
            orElse: "; `jeton revoke` can"
        ) { kind async throws(AgentError) in try await ask(kind, challenge, call, uia) }
    }

    /// - Returns: the password, where that was asked for.
    private func ask(
        _ kind: PromptQuestion.Kind,
        _ challenge: Challenge,
        _ call: SignOut,
        _ uia: UIAChallenge? = nil
    ) async throws(AgentError) -> Secret? {
        let answer = try await put(
            kind,
            challenge,
            uia,
            of: call.requester,
            terminal: call.request.terminal
        ) { [book] () async throws(AgentError) in
            // A password that would not be passed on is not asked for.
            if kind == .password { try await book.requirePasswordLeft(of: challenge.account) }
        }
        switch answer {
        case .agreed(let password): return password
        case .denied: throw .staysSignedIn(.consentDenied, "the user has refused")
        case .timedOut: throw .staysSignedIn(.consentTimeout, "the user has not answered in time")
        case .unavailable(let detail):
            let way =
                isForCaller(challenge)
                ? "on a terminal, `jeton revoke` asks as well" : AgentError.trustingCallers(for: challenge.account)
            throw .staysSignedIn(
                .promptUnavailable,
                """
                the agent cannot ask the user (\(detail); or run `jeton approve` in another terminal, which then asks, \
                and try again; or, \(way))
                """
            )
        }
    }
}

extension AgentError {
    static func staysSignedIn(_ kind: Kind, _ detail: String) -> AgentError {
        AgentError(kind, "The device stays signed in: \(detail).", ["detail": .string(detail)])
    }

    static func signOutUnknown(_ cause: AgentError) -> AgentError {
        AgentError(
            .outcomeUnknown,
            "Whether the device is signed out is not known (\(cause.message)) If `jeton devices` still lists it, it is not.",
            cause.data
        )
    }
}
