internal import JetonAPI
internal import MatrixClient

/// The first request to sign a device out: the homeserver asks the user, or we do.
extension Devices {
    /// - Parameters:
    ///   - call: what is asked for.
    ///   - session: whose device it is.
    ///   - agreed: our own question, to which the user has said yes.
    /// - Returns: what the user must be asked first, by the agent's own prompt; nil where the device is signed out.
    /// - Throws: what stands in the way.
    func begin(
        _ call: SignOut,
        _ session: SessionRecord,
        answering agreed: Challenge?
    ) async throws(AgentError) -> Challenge? {
        let id = call.request.deviceId
        // Synapse asks for a password even for a device that there is not, and then says that it is done.
        guard let listed = try await list(of: session).first(where: { $0.deviceId == id }) else {
            throw .unknownDevice(id, of: session.userId)
        }
        let device = NamedDevice(deviceId: id, displayName: listed.displayName)
        guard try await mayGoUnasked(call, session, answering: agreed) else {
            return open(.consent(nil), call, device, isForPrompt: true, after: agreed)
        }
        switch try await delete(id, session, auth: nil, answering: agreed) {
        case .done: return nil
        case .forgotten(let error): throw error
        case .wants(let uia):
            if let deadEnd = uia.deadEnd { throw .uiaDeadEnd(deadEnd, at: session.homeserver) }
            let isForPrompt = call.isByPrompt || !uia.isForCaller(under: policy(session.userId))
            let challenge = open(.authentication(uia), call, device, isForPrompt: isForPrompt, after: agreed)
            guard !isForPrompt else { return challenge }
            throw .authRequired(challenge, uia, at: session.homeserver)
        }
    }

    /// What the answer to an earlier question may have done, it may have done still.
    func open(
        _ wants: Challenge.Wants,
        _ call: SignOut,
        _ device: NamedDevice,
        isForPrompt: Bool,
        after earlier: Challenge?
    ) -> Challenge {
        challenges.open(
            wants,
            account: call.account,
            purpose: nil,
            requester: call.requester,
            device: device,
            isForPrompt: isForPrompt,
            outcome: earlier?.outcome,
            at: clock()
        )
    }

    /// Whether a request without an answer may go out: one that the homeserver asks nothing for signs out at once, and
    /// nobody has agreed.
    func mayGoUnasked(
        _ call: SignOut,
        _ session: SessionRecord,
        answering challenge: Challenge?
    ) async throws(AgentError) -> Bool {
        if challenge?.isAgreed == true || !call.isByPrompt && policy(session.userId).trustsCallers { return true }
        do throws(AgentError) {
            return try await asks(session)
        } catch {
            if let challenge { challenges.reopen(challenge) }
            throw error
        }
    }

    /// Whether the homeserver asks the user before it signs a device out. What it says of one that there is not tells, and
    /// harms nobody. It may not ask again whom it has asked a moment ago (Synapse: ui_auth.session_timeout).
    private func asks(_ session: SessionRecord) async throws(AgentError) -> Bool {
        do throws(SessionFailure) {
            try await accounts.authorized(session.userId) { client, accessToken throws(MatrixError) in
                try await client.deleteDevice(Identifier.make("d"), accessToken, auth: nil)
            }
            return false
        } catch {
            switch error {
            case .matrix(.authenticationRequired): return true
            // It looks whether there is such a device before it asks: whether it does then, nobody knows.
            case .matrix(.refused(let refusal)) where refusal.errcode == "M_NOT_FOUND": return false
            case .matrix(.refused(let refusal)) where [404, 405].contains(refusal.status):
                throw await noSignOut(at: session)
            default: throw error.agentError(at: session.homeserver)
            }
        }
    }
}

extension AgentError {
    fileprivate static func unknownDevice(_ device: String, of account: String) -> AgentError {
        .invalidParams(
            "device_id \"\(device.prefix(64))\" is no device of \(account); `jeton devices` lists them",
            field: "device_id"
        )
    }
}
