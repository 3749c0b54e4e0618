internal import JetonAPI

/// Answers from elsewhere than the program that asks, and than the prompt.
extension Devices {
    /// Where the homeserver wants no more, the device is signed out at once; the program that asks is told so.
    func verify(_ auth: AuthDictionary, for challenge: Challenge, by approver: Requester) async throws(AgentError) {
        guard let device = challenge.device else { throw .consentGone }
        let call = SignOut(
            account: challenge.account,
            request: SignOutDevice(deviceId: device.deviceId, auth: auth.members),
            requester: challenge.requester,
            speaker: .elsewhere
        )
        try await gate.pass(call.account) { () async throws(AgentError) in
            if Task.isCancelled { throw .withdrawn }
            try await authenticate(call, by: approver)
        }
    }

    /// One turn of the account, as in `run`.
    private func authenticate(_ call: SignOut, by approver: Requester) async throws(AgentError) {
        try await locks.requireNone()
        let session = try await session(of: call.account)
        guard let challenge = try answered(call), !challenge.isAnswered,
            case .authentication(let uia) = challenge.wants
        else { throw .consentGone }
        try challenge.requireWorth(of: approver, uia)
        guard challenges.claim(challenge.id) else { throw .consentGone }
        do throws(AgentError) {
            _ = try await carryOut(call, session, challenge)
        } catch {
            throw failure(error, of: challenge)
        }
        var done = challenge
        (done.wants, done.isAnswered, done.outcome) = (.consent(nil), true, .signedOut)
        challenges.reopen(done)
        // Whoever asked at the prompt may have gone: the device is signed out all the same.
        _ = consents.settle(challenge.consentId, .success(.agreed(nil)))
    }
}
