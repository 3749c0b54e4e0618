internal import FoundationEssentials
internal import JetonAPI
internal import MatrixClient

/// How a session begins, and whose it must be.
extension SigningIn {
    private static var usualDeviceName: String { "Jeton on \(ProcessInfo.processInfo.hostName)" }

    func session(
        by credentials: LoginCredentials,
        _ terms: LoginTerms,
        _ client: MatrixClient
    ) async throws(AgentError) -> SessionRecord {
        switch credentials {
        case .password(let user, let password):
            try await begun(by: .password(user: user, password), terms, client)
        case .loginToken(let token): try await begun(by: .loginToken(token), terms, client)
        case .session(let accessToken, let refreshToken, let deviceId):
            try await takenOver(accessToken, refreshToken, deviceId, client)
        }
    }

    private func begun(
        by credentials: MatrixClient.Credentials,
        _ terms: LoginTerms,
        _ client: MatrixClient
    ) async throws(AgentError) -> SessionRecord {
        let askedAt = clock()
        // Signing in again to an account that is held here keeps its device.
        let known = await accounts.held(terms.userId, at: client.homeserver)
        let tried = await accounts.tried(terms.userId, at: client.homeserver)
        let begun = try await countingPassword(in: credentials, of: tried) { () async throws(AgentError) in
            do throws(MatrixError) {
                return try await client.logIn(
                    credentials,
                    deviceID: known?.deviceId,
                    deviceName: terms.deviceName ?? Self.usualDeviceName
                )
            } catch {
                if case .loginToken = credentials, error.mayHaveBurntLoginToken {
                    throw .tokenBurnt(error, at: client.homeserver)
                }
                throw AgentError(error, at: client.homeserver)
            }
        }
        return SessionRecord(
            userId: begun.userId,
            deviceId: begun.deviceId,
            signInId: Identifier.make("i"),
            homeserver: client.homeserver,
            accessToken: begun.accessToken,
            refreshToken: begun.refreshToken,
            accessTokenExpiresAt: begun.expiresInMs.map { askedAt.advanced(by: .milliseconds($0)) },
            accessTokenLifeMs: begun.expiresInMs
        )
    }

    /// The password of an account that is held is guessed here no more often than for minting.
    private func countingPassword(
        in credentials: MatrixClient.Credentials,
        of account: String?,
        _ send: () async throws(AgentError) -> MatrixClient.Session
    ) async throws(AgentError) -> MatrixClient.Session {
        guard case .password = credentials, let account else { return try await send() }
        let guess = try await book.takePassword(of: account)
        return try await book.judge(guess, of: account, by: { _ in .right }, send)
    }

    private func takenOver(
        _ accessToken: Secret,
        _ refreshToken: Secret?,
        _ deviceId: String?,
        _ client: MatrixClient
    ) async throws(AgentError) -> SessionRecord {
        let owner: MatrixClient.Owner
        do {
            owner = try await client.whoAmI(accessToken)
        } catch {
            throw AgentError(error, at: client.homeserver)
        }
        guard let deviceId = owner.deviceId ?? deviceId else {
            throw .invalidParams("device_id is missing, and the homeserver does not tell it", field: "device_id")
        }
        return SessionRecord(
            userId: owner.userId,
            deviceId: deviceId,
            signInId: Identifier.make("i"),
            homeserver: client.homeserver,
            accessToken: accessToken,
            refreshToken: refreshToken
        )
    }

    /// What a homeserver says of whose session this is must not touch an account that lives elsewhere: the next
    /// password for that account would go to the wrong homeserver.
    func requireOwn(_ session: SessionRecord, asked user: String?) async throws(AgentError) {
        guard UserID(session.userId) != nil else {
            throw AgentError(
                .homeserverError,
                "\(session.homeserver) gave a user id that is none.",
                ["http_status": 200]
            )
        }
        if let user, !UserID.isSame(user, as: session.userId) {
            let problem = "the session would be that of \(session.userId), not of \(user); nothing was kept"
            throw .invalidParams(problem, field: "user_id")
        }
        if let held = await accounts.session(of: session.userId), held.homeserver != session.homeserver {
            let problem = "\(session.userId) is signed in at \(held.homeserver) here; log out there first"
            throw .invalidParams(problem, field: "homeserver")
        }
    }
}

extension LoginCredentials {
    /// Whose session it must be. What a user types before a password may be another name for them at the homeserver;
    /// whoever comes back from a browser may be anybody.
    func owner(by terms: LoginTerms) -> String? {
        guard case .password(let user, _) = self else { return terms.userId }
        return UserID(user) == nil ? nil : user
    }
}
