internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Access tokens that live, and their renewal (Client-Server API, "Refreshing access tokens").
extension Accounts {
    /// Renewed this long before it expires, so that no request meets the last second.
    private static let renewalMargin = Duration.seconds(30)

    /// An access token that does not expire under the request.
    func liveToken(of account: String) async throws(SessionFailure) -> Secret {
        guard let session = sessions[account] else { throw .agent(.notLoggedIn(account)) }
        if let ending = session.ending { throw .agent(.sessionExpired(account, ending)) }
        guard session.refreshToken != nil, let expiry = session.accessTokenExpiresAt,
            expiry <= clock().advanced(by: Self.renewalMargin)
        else { return session.accessToken }
        return try await renew(session)
    }

    /// What comes after an access token that the homeserver has refused.
    func renewedToken(
        of account: String,
        insteadOf refused: Secret,
        _ refusal: MatrixError.Refusal
    ) async throws(SessionFailure) -> Secret {
        guard let session = sessions[account] else { throw .agent(.notLoggedIn(account)) }
        // Somebody else has renewed in the meantime.
        if session.accessToken != refused { return session.accessToken }
        guard session.refreshToken != nil else { throw .agent(await end(account, refused, refusal)) }
        return try await renew(session)
    }

    /// One renewal at a time, however many callers wait for it; a caller that goes away does not end it.
    private func renew(_ session: SessionRecord) async throws(SessionFailure) -> Secret {
        let account = session.userId
        if let renewal = renewals[account] { return try await Self.outcome(of: renewal) }
        // Unstructured, as it outlives the caller that began it: a pair that was sent must be kept.
        let renewal = Task { () async -> Result<Secret, AgentError> in
            do throws(AgentError) {
                return .success(try await renewed(session))
            } catch {
                return .failure(error)
            }
        }
        renewals[account] = renewal
        defer { renewals[account] = nil }
        return try await Self.outcome(of: renewal)
    }

    private static func outcome(of renewal: Task<Result<Secret, AgentError>, Never>) async throws(SessionFailure)
        -> Secret
    {
        switch await renewal.value {
        case .success(let token): return token
        case .failure(let error): throw .agent(error)
        }
    }

    /// Every failure here comes before the request that needed the token: it is ours, not that request's.
    private func renewed(_ session: SessionRecord) async throws(AgentError) -> Secret {
        guard let refreshToken = session.refreshToken else { return session.accessToken }
        let client = MatrixClient(homeserver: session.homeserver, transport: transport)
        let askedAt = clock()
        let renewal: MatrixClient.Renewal
        do {
            renewal = try await client.refresh(refreshToken)
        } catch {
            if case .unreachable = error { offline.insert(session.userId) }
            // 401 and 403 mean the same here: this refresh token is of no use any more.
            guard case .refused(let refusal) = error, [401, 403].contains(refusal.status) else {
                throw AgentError(error, at: session.homeserver)
            }
            throw await end(session.userId, session.accessToken, refusal, softly: true)
        }
        var isKept = false
        // On the disk before its first use: until then the homeserver still takes the old one. And only if nobody has
        // signed out, or in anew, while the homeserver answered.
        try await note(session.userId) { current in
            guard current.refreshToken == refreshToken else { return }
            current.accessToken = renewal.accessToken
            current.refreshToken = renewal.refreshToken ?? refreshToken
            current.accessTokenExpiresAt = renewal.expiresInMs.map { askedAt.advanced(by: .milliseconds($0)) }
            isKept = true
        }
        guard isKept else {
            // Signed in anew meanwhile: that session counts.
            guard let newer = sessions[session.userId], newer.ending == nil else { throw .notLoggedIn(session.userId) }
            return newer.accessToken
        }
        logger.debug("renewed the session", metadata: ["account": "\(session.userId)"])
        return renewal.accessToken
    }
}
