internal import JetonAPI
internal import MatrixClient

/// The one request that mints, and what its answers mean for limit, ledger and challenge.
extension Minter {
    enum Answer: Sendable {
        case minted(Challenge.SealedToken)
        case wants(UIAChallenge)
        /// The homeserver knows nothing of this UIA session any more, or so it seems; nothing was minted.
        case forgotten(MatrixError)
    }

    /// What is known after a request that was neither granted nor answered by a question.
    private enum Aftermath {
        /// Nothing was minted: the permit goes back, the challenge can be answered again.
        case nothing
        /// Nothing was minted, and nothing more will be with this challenge.
        case spoilt
        /// A token may exist: the permit is spent, and a completed UIA session must not mint another.
        case unknown
    }

    /// Asks the homeserver to mint, never again after the first byte was sent.
    /// - Parameters:
    ///   - minting: for whom, and who asks.
    ///   - session: whose homeserver it is.
    ///   - auth: the authentication dictionary, `session` included; nil begins.
    ///   - isQuestion: the homeserver is known to answer this with a question; being asked takes no permit.
    ///   - challenge: what the caller answers, claimed; it is open again where it can be answered once more.
    /// - Returns: the token, sealed, or what the homeserver wants first.
    /// - Throws: every other outcome, after limit and ledger have been set right.
    func post(
        _ minting: Minting,
        _ session: SessionRecord,
        auth: [String: JSONValue]?,
        isQuestion: Bool = false,
        answering challenge: Challenge? = nil
    ) async throws(AgentError) -> Answer {
        // Unstructured: what was sent is followed to its end and written down, even if the caller goes away meanwhile.
        let exchange = Task { () async -> Result<Answer, AgentError> in
            do throws(AgentError) {
                return .success(try await self.exchange(minting, session, auth, isQuestion, challenge))
            } catch {
                return .failure(error)
            }
        }
        return try await exchange.value.get()
    }

    private func exchange(
        _ minting: Minting,
        _ session: SessionRecord,
        _ auth: [String: JSONValue]?,
        _ isQuestion: Bool,
        _ challenge: Challenge?
    ) async throws(AgentError) -> Answer {
        if !isQuestion { redemptions.prepare(for: minting.account) }
        let attempt: MintBook.Attempt?
        do throws(AgentError) {
            attempt = isQuestion ? nil : try await take(minting, auth)
        } catch {
            if let challenge { challenges.reopen(challenge) }
            throw error
        }
        let token: MatrixClient.MintedToken
        do throws(SessionFailure) {
            token = try await request(minting.account, auth)
        } catch {
            switch error {
            case .matrix(.authenticationRequired(let uia)):
                try await giveBack(attempt, password: uia.passwordVerdict, reopening: challenge)
                guard await isSignedIn(session) else { throw .notLoggedIn(minting.account) }
                return .wants(uia)
            case .matrix(.refused(let refusal)) where refusal.hasForgottenSession(of: auth):
                try await giveBack(attempt, reopening: challenge)
                return .forgotten(.refused(refusal))
            case .matrix(let error): throw try await settle(minting, session, auth, attempt, challenge, error)
            case .agent(let error):
                try await giveBack(attempt, reopening: challenge)
                if let challenge { challenges.reopen(challenge) }
                throw error
            }
        }
        let entry = try await enter(token, minting, attempt, challenge)
        return .minted(.init(token: token.loginToken, entry: entry))
    }

    /// Writes a token down that was minted: no limit has a say any more. One that cannot be written down is delivered to
    /// nobody, and told as one that exists.
    private func enter(
        _ token: MatrixClient.MintedToken,
        _ minting: Minting,
        _ attempt: MintBook.Attempt?,
        _ challenge: Challenge?
    ) async throws(AgentError) -> MintRecord.Entry {
        do throws(AgentError) {
            let taken: MintBook.Attempt
            if let attempt {
                taken = attempt
            } else {
                taken = try await book.record(minting.account, purpose: minting.purpose, requester: minting.requester)
            }
            var verdict = MintBook.PasswordVerdict.right
            if case .authentication(let uia)? = challenge?.wants { verdict = uia.passwordVerdictAtEnd }
            return try await book.settle(taken, expiresInMs: token.expiresInMs, password: verdict)
        } catch {
            let end = clock().advanced(by: .milliseconds(token.expiresInMs))
            throw .handedToNobody(error.message, until: end, error.data)
        }
    }

    /// Nothing was minted. Where that cannot be written down, the stages that the user has done are not lost at least.
    private func giveBack(
        _ attempt: MintBook.Attempt?,
        password verdict: MintBook.PasswordVerdict = .unknown,
        reopening challenge: Challenge?
    ) async throws(AgentError) {
        guard let attempt else { return }
        do throws(AgentError) {
            try await book.giveBack(attempt, password: verdict)
        } catch {
            if let challenge { challenges.reopen(challenge) }
            throw error
        }
    }

    private func take(
        _ minting: Minting,
        _ auth: [String: JSONValue]?
    ) async throws(AgentError) -> MintBook.Attempt {
        try await book.take(
            minting.account,
            purpose: minting.purpose,
            requester: minting.requester,
            withPassword: auth?["type"] == "m.login.password"
        )
    }

    private func request(
        _ account: String,
        _ auth: [String: JSONValue]?
    ) async throws(SessionFailure) -> MatrixClient.MintedToken {
        try await accounts.authorized(
            account,
            isAct: true,
            unless: { [locks] in
                let locks = locks.now
                return locks.isEmpty ? nil : .locked(by: locks)
            },
            { client, accessToken throws(MatrixError) in
                try await client.getLoginToken(accessToken, auth: auth)
            }
        )
    }

    private func settle(
        _ minting: Minting,
        _ session: SessionRecord,
        _ auth: [String: JSONValue]?,
        _ attempt: MintBook.Attempt?,
        _ challenge: Challenge?,
        _ error: MatrixError
    ) async throws(AgentError) -> AgentError {
        let aftermath = Self.aftermath(of: error)
        if aftermath != .unknown {
            let isOpenAgain = aftermath == .nothing
            // What was spoilt by somebody else's password was not spoilt by the right one.
            try await giveBack(
                attempt,
                password: isOpenAgain ? .unknown : .wrong,
                reopening: isOpenAgain ? challenge : nil
            )
        }
        if case .unknown = aftermath, let attempt {
            return .outcomeUnknown(AgentError(error, at: session.homeserver), until: await book.mayExistUntil(attempt))
        }
        // Whoever was signed out meanwhile has nothing to go on with, since nothing was minted.
        guard await isSignedIn(session) else { return .notLoggedIn(minting.account) }
        switch aftermath {
        case .nothing:
            guard var challenge else { return try await explain(error, minting, session, nil) }
            // A homeserver looks at one limit before and at one after the user, so its own 429 may mean that the answer
            // was right: the challenge alone will show. A proxy's means nothing, nor is it enough to say that the user
            // has agreed.
            if case .refused(let refusal) = error, refusal.status == 429, refusal.errcode != nil,
                auth?["type"] != nil, minting.speaker != .elsewhere
            {
                challenge.isAnswered = true
            }
            challenges.reopen(challenge)
            return try await explain(error, minting, session, challenge.isAnswered ? challenge : nil)
        case .unknown, .spoilt: return try await explain(error, minting, session, nil)
        }
    }

    /// Whether it is still the session for which this was begun.
    private func isSignedIn(_ session: SessionRecord) async -> Bool {
        await accounts.session(of: session.userId)?.signInId == session.signInId
    }

    private static func aftermath(of error: MatrixError) -> Aftermath {
        switch error {
        case _ where error.mayHaveSucceeded: .unknown
        // Somebody else's credentials.
        case .refused(let refusal) where refusal.status == 403: .spoilt
        case .unreachable, .refused, .notMatrix, .authenticationRequired: .nothing
        }
    }

    private func explain(
        _ error: MatrixError,
        _ minting: Minting,
        _ session: SessionRecord,
        _ challenge: Challenge?
    ) async throws(AgentError) -> AgentError {
        switch error {
        case .refused(let refusal) where refusal.status == 429:
            let wait = try await book.noteLimit(of: minting.account, retryAfter: refusal.retryAfter ?? .zero)
            let obstacle = Obstacle(scope: .homeserver, limit: .loginToken, wait: wait)
            return .rateLimited(obstacle, challenge: challenge)
        case .refused(let refusal) where [404, 405].contains(refusal.status):
            await support.forget(minting.account)
            try await support.require(minting.account)
        default: break
        }
        return AgentError(error, at: session.homeserver)
    }
}
