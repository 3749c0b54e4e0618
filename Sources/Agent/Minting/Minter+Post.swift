internal import JetonAPI
internal import MatrixClient

/// The one request that mints, and what its answers mean for limit and ledger.
extension Minter {
    enum Answer: Sendable {
        case minted(Challenge.SealedToken)
        case wants(UIAChallenge)
    }

    /// Asks the homeserver to mint, never again after the first byte was sent.
    /// - Parameters:
    ///   - minting: for whom, and who asks.
    ///   - auth: the authentication dictionary, `session` included; nil begins.
    ///   - isQuestion: the homeserver is known to answer this with a question; being asked takes no permit.
    /// - Returns: the token, sealed, or what the homeserver wants first.
    /// - Throws: every other outcome, after limit and ledger have been set right.
    func post(
        _ minting: Minting,
        auth: [String: JSONValue]?,
        isQuestion: Bool
    ) async throws(AgentError) -> Answer {
        // Unstructured: what was sent is followed to its end and written down, even if the caller goes away meanwhile.
        let exchange = Task { () async -> Result<Answer, AgentError> in
            do throws(AgentError) {
                return .success(try await self.exchange(minting, auth: auth, isQuestion: isQuestion))
            } catch {
                return .failure(error)
            }
        }
        return try await exchange.value.get()
    }

    private func exchange(
        _ minting: Minting,
        auth: [String: JSONValue]?,
        isQuestion: Bool
    ) async throws(AgentError) -> Answer {
        var attempt = isQuestion ? nil : try await take(minting)
        do throws(SessionFailure) {
            let token = try await send(minting.account, auth)
            let taken: MintBook.Attempt
            if let attempt {
                taken = attempt
            } else {
                taken = try await inTheBook { () async throws(AgentError) in try await take(minting) }
            }
            attempt = taken
            let entry = try await inTheBook { () async throws(AgentError) in
                try await book.settle(taken, expiresInMs: token.expiresInMs)
            }
            return .minted(.init(token: token.loginToken, entry: entry))
        } catch {
            switch error {
            case .matrix(.authenticationRequired(let uia)):
                if let attempt { try await book.giveBack(attempt) }
                return .wants(uia)
            case .matrix(let error): throw try await settle(minting, attempt, error)
            case .agent(let error):
                if let attempt, error.kind == .sessionExpired { try await book.giveBack(attempt) }
                throw error
            }
        }
    }

    private func take(_ minting: Minting) async throws(AgentError) -> MintBook.Attempt {
        try await book.take(minting.account, purpose: minting.purpose, requester: minting.requester)
    }

    private func inTheBook<Value: Sendable>(
        _ work: () async throws(AgentError) -> Value
    ) async throws(SessionFailure) -> Value {
        do {
            return try await work()
        } catch {
            throw .agent(error)
        }
    }

    /// Sends the request; where the homeserver has forgotten the UIA session, once more with a new one.
    private func send(
        _ account: String,
        _ auth: [String: JSONValue]?
    ) async throws(SessionFailure) -> MatrixClient.MintedToken {
        do {
            return try await request(account, auth)
        } catch {
            guard var auth, auth["type"] != nil, case .matrix(.refused(let refusal)) = error,
                refusal.status == 400, refusal.errcode == "M_UNKNOWN"
            else { throw error }
            do {
                return try await request(account, nil)
            } catch {
                guard case .matrix(.authenticationRequired(let uia)) = error else { throw error }
                auth["session"] = uia.session.map { .string($0.reveal()) }
                return try await request(account, auth)
            }
        }
    }

    private func request(
        _ account: String,
        _ auth: [String: JSONValue]?
    ) async throws(SessionFailure) -> MatrixClient.MintedToken {
        try await accounts.authorized(account) { client, accessToken throws(MatrixError) in
            try await client.getLoginToken(accessToken, auth: auth)
        }
    }

    /// What an error means: was anything minted, does the permit go back, does the challenge live on?
    private func settle(
        _ minting: Minting,
        _ attempt: MintBook.Attempt?,
        _ error: MatrixError
    ) async throws(AgentError) -> AgentError {
        guard let session = await accounts.session(of: minting.account) else { return .notLoggedIn(minting.account) }
        switch error {
        case .unreachable(let failure) where failure.mayHaveArrived:
            guard let attempt else { return AgentError(error, at: session.homeserver) }
            // A completed UIA session could mint again without a password.
            if let challenge = minting.challenge { challenges.drop(challenge.id) }
            let end = await book.mayExistUntil(attempt)
            return .outcomeUnknown(failure.detail, until: end, estimated: true)
        case .refused(let refusal) where refusal.status >= 500: return AgentError(error, at: session.homeserver)
        case .notMatrix(let status, _) where status == 200 || status >= 500:
            return AgentError(error, at: session.homeserver)
        case .refused(let refusal) where refusal.status == 429:
            if let attempt { try await book.giveBack(attempt) }
            let wait = refusal.retryAfter ?? .zero
            try await book.noteLimit(of: minting.account, retryAfter: wait)
            let obstacle = Obstacle(scope: .homeserver, limit: .loginToken, wait: wait)
            return .rateLimited(obstacle, challenge: minting.challenge)
        case .refused(let refusal) where [404, 405].contains(refusal.status): break
        case .refused(let refusal) where refusal.status == 403:
            // Somebody else's credentials: the UIA session is spoilt.
            if let challenge = minting.challenge { challenges.drop(challenge.id) }
        default: break
        }
        if let attempt { try await book.giveBack(attempt) }
        if case .refused(let refusal) = error, [404, 405].contains(refusal.status) {
            await support.forget(minting.account)
            try await support.require(minting.account)
        }
        return AgentError(error, at: session.homeserver)
    }
}
