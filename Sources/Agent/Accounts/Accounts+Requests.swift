internal import JetonAPI
internal import MatrixClient

/// Requests in the name of an account, and what their answers say about its state.
extension Accounts {
    /// A homeserver that renews and refuses what it has just given is not followed for ever.
    private static let mostAttempts = 3

    /// Makes a request in the name of an account: with a token that still lives, and again with a new one where the
    /// homeserver refuses it.
    /// - Parameters:
    ///   - account: in whose name.
    ///   - isAct: whether it is of the kind that suspended users may not do, so that success shows that they may.
    ///   - obstacle: looks, each time that a token is there, whether the request may still go out.
    ///   - request: the request; it is not repeated for any other reason than its access token.
    /// - Returns: what the request gives.
    /// - Throws: `agent` where there is no session to make it with, or an obstacle; else what the request throws.
    func authorized<Value: Sendable>(
        _ account: String,
        isAct: Bool = false,
        unless obstacle: @Sendable () -> AgentError? = { nil },
        _ request: @Sendable (MatrixClient, Secret) async throws(MatrixError) -> Value
    ) async throws(SessionFailure) -> Value {
        var token = try await liveToken(of: account)
        for _ in 1..<Self.mostAttempts {
            do {
                return try await attempt(account, token, isAct, obstacle, request)
            } catch {
                guard case .matrix(.refused(let refusal)) = error, refusal.endsSession else { throw error }
                token = try await renewedToken(of: account, insteadOf: token, refusal)
            }
        }
        return try await attempt(account, token, isAct, obstacle, request)
    }

    private func attempt<Value: Sendable>(
        _ account: String,
        _ token: Secret,
        _ isAct: Bool,
        _ obstacle: @Sendable () -> AgentError?,
        _ request: @Sendable (MatrixClient, Secret) async throws(MatrixError) -> Value
    ) async throws(SessionFailure) -> Value {
        guard let session = sessions[account] else { throw .agent(.notLoggedIn(account)) }
        let client = MatrixClient(homeserver: session.homeserver, transport: transport)
        // The token may have been long in coming.
        if let obstacle = obstacle() { throw .agent(obstacle) }
        do throws(MatrixError) {
            let value = try await request(client, token)
            heard(from: account)
            await absolve(account, isAct)
            return value
        } catch {
            // Whoever asked has gone, and the request with them: that says nothing about the homeserver.
            if Task.isCancelled { throw .agent(.withdrawn) }
            if let outage = Trouble.outage(error, at: ties.clock()) {
                note(outage, of: account)
                throw .matrix(error)
            }
            heard(from: account)
            if case .refused(let refusal) = error, let expired = await bar(account, token, by: refusal) {
                throw .agent(expired)
            }
            throw .matrix(error)
        }
    }

    /// The homeserver has served the user: what it had against them is over.
    private func absolve(_ account: String, _ isAct: Bool) async {
        guard let trouble = sessions[account]?.trouble, trouble.state != .suspended || isAct else { return }
        // Ignoring failures: the next answer says it again.
        try? await note(account) { if $0.trouble == trouble { $0.trouble = nil } }
    }

    /// What keeps the homeserver from answering, from when it began.
    func note(_ outage: Trouble, of account: String) {
        guard sessions[account] != nil, outages[account]?.reason != outage.reason else { return }
        outages[account] = outage
        announce(account)
        plan()
    }

    /// The homeserver of an account has answered: what kept it from its accounts is over.
    func heard(from account: String) {
        guard let homeserver = sessions[account]?.homeserver else { return }
        for session in sessions.values where session.homeserver == homeserver {
            let other = session.userId
            if let backoff = schedules[other]?.backoff, backoff.failures > 0, backoff.cause == .network {
                schedules[other]?.backoff.networkIsBack()
                plan()
            }
            guard let outage = outages[other], other == account || outage.reason == .unreachable else { continue }
            outages[other] = nil
            announce(other)
            plan()
        }
    }
}
