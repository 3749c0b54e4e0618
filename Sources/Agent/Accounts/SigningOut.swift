internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Ends sessions.
struct SigningOut: Sendable {
    let accounts: Accounts
    let support: Support
    let transport: HTTPTransport
    let logger: Logger

    func logOut(_ request: LogOut) async throws(AgentError) {
        let account = try await accounts.find(request.account)
        if request.localOnly == true {
            try await forget(try await session(of: account))
        } else {
            try await accounts.passage.pass(account) { () async throws(AgentError) in
                let session = try await session(of: account)
                try await end(session)
                try await forget(session)
            }
        }
        logger.notice("signed out", metadata: ["event": "account.logout", "account": "\(account)"])
    }

    private func session(of account: String) async throws(AgentError) -> SessionRecord {
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        return session
    }

    /// A renewal under way finds nothing to put its pair into.
    private func forget(_ session: SessionRecord) async throws(AgentError) {
        try await accounts.forget(session)
        await support.forget(session.userId)
    }

    /// Ends a session at its homeserver.
    private func end(_ session: SessionRecord) async throws(AgentError) {
        let client = MatrixClient(homeserver: session.homeserver, transport: transport)
        if session.ending != nil {
            // Ignoring failures: it is over, but Synapse then strikes the device off the list too.
            return (try? await client.logOut(session.accessToken)) ?? ()
        }
        do throws(SessionFailure) {
            try await accounts.authorized(session.userId) { client, accessToken throws(MatrixError) in
                try await client.logOut(accessToken)
            }
        } catch {
            guard case .agent = error else { throw error.agentError(at: session.homeserver) }
            // The access token has expired and could not be renewed: Synapse ends a session by it all the same.
            do {
                try await client.logOut(session.accessToken)
            } catch {
                // One that is over cannot be ended better; one of a locked user comes back with the user.
                guard await accounts.session(of: session.userId)?.ending == nil else { return }
                throw AgentError(error, at: session.homeserver)
            }
        }
    }
}
