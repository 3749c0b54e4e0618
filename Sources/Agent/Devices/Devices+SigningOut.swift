internal import JetonAPI
internal import MatrixClient

/// Signing out: what the homeserver makes of the user's answers, as it does before it mints.
extension Devices {
    enum Answer {
        case done
        case wants(UIAChallenge)
        /// The homeserver knows nothing of this UIA session any more, or so it seems.
        case forgotten(AgentError)
    }

    /// The user's answer to one stage, or word that one was done in the browser. The challenge is claimed, and open again
    /// where it can be answered once more.
    /// - Returns: what the user must be asked next, by the agent's own prompt; nil where the device is signed out.
    /// - Throws: what stands in the way.
    func answer(
        _ challenge: Challenge,
        _ uia: UIAChallenge,
        by call: SignOut,
        _ session: SessionRecord
    ) async throws(AgentError) -> Challenge? {
        let auth = call.request.auth ?? [:]
        let account = session.userId
        let answer = try await countingPassword(in: auth, of: account, challenge, uia) { () async throws(AgentError) in
            try await delete(call.request.deviceId, session, auth: uia.answer(by: auth), answering: challenge)
        }
        switch answer {
        case .done: return nil
        case .wants(let next): return try await goOn(challenge, session, call, from: uia, to: next)
        case .forgotten(let error):
            guard call.speaker != .elsewhere else {
                // The next answer begins anew, if it is the caller's or the prompt's.
                challenges.reopen(challenge)
                throw error
            }
            return try await beginAnew(challenge, by: call, session)
        }
    }

    /// A password counts as a wrong one until the homeserver has seen it.
    private func countingPassword(
        in auth: AuthDictionary,
        of account: String,
        _ challenge: Challenge,
        _ uia: UIAChallenge,
        _ send: () async throws(AgentError) -> Answer
    ) async throws(AgentError) -> Answer {
        guard auth["type"] == "m.login.password" else { return try await send() }
        let guess: Moment
        do throws(AgentError) {
            guess = try await book.takePassword(of: account)
        } catch {
            challenges.reopen(challenge)
            throw error
        }
        let verdict = { (answer: Answer) in
            switch answer {
            case .done: uia.passwordVerdictAtEnd
            case .wants(let next): next.passwordVerdict
            case .forgotten: MintBook.PasswordVerdict.unknown
            }
        }
        return try await book.judge(guess, of: account, by: verdict, send)
    }

    /// Another UIA session is begun, once; what was answered before is lost, and the user is asked for it again.
    private func beginAnew(
        _ challenge: Challenge,
        by call: SignOut,
        _ session: SessionRecord
    ) async throws(AgentError) -> Challenge? {
        // Nobody has looked at the answer.
        guard try await mayGoUnasked(call, session, answering: challenge) else {
            let device = challenge.device ?? NamedDevice(deviceId: call.request.deviceId)
            return open(.consent(nil), call, device, isForPrompt: true, after: challenge)
        }
        switch try await delete(call.request.deviceId, session, auth: nil, answering: challenge) {
        case .done: return nil
        case .forgotten(let error): throw error
        case .wants(let fresh):
            return try await goOn(challenge, session, call, from: fresh, to: fresh)
        }
    }

    private func goOn(
        _ challenge: Challenge,
        _ session: SessionRecord,
        _ call: SignOut,
        from last: UIAChallenge,
        to next: UIAChallenge
    ) async throws(AgentError) -> Challenge? {
        if let deadEnd = next.deadEnd { throw .uiaDeadEnd(deadEnd, at: session.homeserver) }
        let next = next.following(last, answeredBy: call.request.auth?["type"]?.stringValue)
        var challenge = challenge
        challenge.wants = .authentication(next)
        challenges.reopen(challenge)
        guard !challenge.isForPrompt || call.speaker == .elsewhere else { return challenge }
        throw await authRequired(challenge, next, session)
    }

    func delete(
        _ device: String,
        _ session: SessionRecord,
        auth: [String: JSONValue]?,
        answering challenge: Challenge? = nil
    ) async throws(AgentError) -> Answer {
        do throws(SessionFailure) {
            try await accounts.authorized(session.userId) { client, accessToken throws(MatrixError) in
                try await client.deleteDevice(device, accessToken, auth: auth)
            }
            return .done
        } catch {
            switch error {
            case .matrix(.authenticationRequired(let uia)): return .wants(uia)
            case .matrix(.refused(let refusal)) where refusal.hasForgottenSession(of: auth):
                return .forgotten(AgentError(.refused(refusal), at: session.homeserver))
            case .matrix(.refused(let refusal)) where [404, 405].contains(refusal.status) && refusal.isUnrecognized:
                throw await noSignOut(at: session)
            // Somebody else's credentials: the homeserver goes on with these for nobody.
            case .matrix(.refused(let refusal)) where refusal.status == 403: break
            default: if let challenge { reopen(challenge, after: error, session) }
            }
            throw error.agentError(at: session.homeserver)
        }
    }

    /// Lets a challenge be answered once more whose last answer came to nothing, as far as is known.
    private func reopen(_ challenge: Challenge, after error: SessionFailure, _ session: SessionRecord) {
        var challenge = challenge
        if case .matrix(let cause) = error, cause.mayHaveSucceeded {
            challenge.outcome = .unknown(AgentError(cause, at: session.homeserver))
        }
        challenges.reopen(challenge)
    }

    /// An OAuth 2.0 server ends sessions on its account page alone.
    func noSignOut(at session: SessionRecord) async -> AgentError {
        let finding = try? await support.look(session.userId)
        let reason = finding?.reason == .oauthServer ? SupportReason.oauthServer : .unknownServer
        return .noSignOut(reason, at: session.homeserver, url: finding?.accountManagementUrl)
    }
}

extension AgentError {
    /// Whether the homeserver may have seen a request of which it is not known what came of it.
    var mayHaveArrived: Bool {
        kind == .homeserverUnreachable && ["request", "timeout"].contains(data["stage"]?.stringValue)
    }

    static func ownDevice(of account: String) -> AgentError {
        .invalidParams(
            "device_id is the agent's own device; to end its session, run `jeton logout --account \(account)`",
            field: "device_id"
        )
    }

    fileprivate static func noSignOut(
        _ reason: SupportReason,
        at homeserver: HomeserverAddress,
        url: String?
    ) -> AgentError {
        var data: [String: JSONValue] = ["reason": .string(reason.rawValue)]
        data["account_management_url"] = url.map { .string($0) }
        let way = url.map { "only on its account page: \($0)" } ?? "in none of the ways that are known here"
        return AgentError(.unsupportedByHomeserver, "\(homeserver) lets devices be signed out \(way).", data)
    }
}
