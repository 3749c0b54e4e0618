internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Access tokens that live, and their renewal (Client-Server API, "Refreshing access tokens").
extension Accounts {
    /// An access token that has not expired, as far as is known.
    func liveToken(of account: String) async throws(SessionFailure) -> Secret {
        guard let session = sessions[account] else { throw .agent(.notLoggedIn(account)) }
        if let ending = session.ending { throw .agent(.sessionExpired(account, ending)) }
        guard let schedule = schedules[account], !schedule.isSwitchedOff, schedule.hasExpired(at: ties.clock()) else {
            return session.accessToken
        }
        return try await renewedForCaller(account)
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
        do throws(SessionFailure) {
            // Whatever the refusal says: a session is over only once its newest refresh token is refused too.
            return try await renewedForCaller(account)
        } catch {
            let isOver = sessions[account]?.ending?.reason == .refreshRefused && !refusal.softLogout
            guard case .agent(let failure) = error, isOver || failure.kind == .unsupportedByHomeserver else {
                throw error
            }
            let reason: Trouble.Reason = refusal.softLogout ? .accessTokenExpired : .sessionEnded
            let ending = Trouble(reason: reason, errcode: refusal.errcode, words: refusal.error, at: ties.clock())
            throw .agent(await end(account, refused, ending))
        }
    }

    /// Renews the tokens now, even those of a session that seems to be over.
    func refresh(_ account: String) async throws(SessionFailure) { _ = try await renewedForCaller(account) }

    /// Joins the renewal that is under way, or begins one; a caller that is cancelled ends neither.
    private func renewedForCaller(_ account: String) async throws(SessionFailure) -> Secret {
        do throws(AgentError) {
            guard let session = sessions[account] else { throw .notLoggedIn(account) }
            guard session.refreshToken != nil else { throw .notRenewable(account) }
            // Somebody waits, so a failure a moment ago is no reason not to try; the homeserver's own wish is.
            let wait = schedules[account]?.backoff.orderedLeft(at: ties.clock()) ?? .zero
            guard wait <= .zero else { throw .rateLimited(Obstacle(scope: .homeserver, limit: nil, wait: wait)) }
            return try await renewal(of: account).value()
        } catch {
            throw .agent(error)
        }
    }

    /// One renewal at a time, however many callers wait for it.
    func renewal(of account: String) -> SharedWork<Secret> {
        if let renewal = renewals[account] { return renewal }
        let renewal = SharedWork { () async throws(AgentError) in try await self.renew(account) }
        renewals[account] = renewal
        return renewal
    }

    /// Every failure here comes before the request that needed the token: it is ours, not that request's.
    private func renew(_ account: String) async throws(AgentError) -> Secret {
        defer {
            renewals[account] = nil
            plan()
        }
        guard let session = sessions[account], let refreshToken = session.refreshToken else {
            throw .notLoggedIn(account)
        }
        let pair: UnsavedPair
        do throws(MatrixError) {
            pair = try await self.pair(after: refreshToken, of: session)
        } catch {
            guard sessions[account]?.refreshToken == refreshToken else { return try successor(account) }
            throw await failed(session, error)
        }
        var isKept = false
        do throws(AgentError) {
            // On the disk before its first use: until then the homeserver still takes the old one. And only if nobody
            // has signed out, or in anew, while the homeserver answered.
            try await note(account) { current in
                guard current.refreshToken == refreshToken else { return }
                current.take(pair.renewal, askedAt: pair.askedAt)
                isKept = true
            }
        } catch {
            // Kept for the next try: the homeserver need not take the old one again.
            unsaved[account] = pair
            backOff(account, .homeserver)
            logger.error(
                "a renewed session could not be saved",
                metadata: ["account": "\(account)", "error": "\(error.message)"]
            )
            ties.happened(account, .notRenewed)
            throw error
        }
        unsaved[account] = nil
        heard(from: account)
        guard isKept else { return try successor(account) }
        logger.debug("renewed the session", metadata: ["account": "\(account)"])
        ties.happened(account, .renewed(expiresAt: sessions[account]?.accessTokenExpiresAt))
        return pair.renewal.accessToken
    }

    /// The access token of the session that was begun while its predecessor was renewed: that one counts.
    private func successor(_ account: String) throws(AgentError) -> Secret {
        guard let newer = sessions[account], newer.ending == nil else { throw .notLoggedIn(account) }
        return newer.accessToken
    }

    /// The pair that comes after a refresh token: one that could not be saved before, else the homeserver's next.
    private func pair(after refreshToken: Secret, of session: SessionRecord) async throws(MatrixError) -> UnsavedPair {
        if let pair = unsaved[session.userId], pair.instead == refreshToken { return pair }
        let client = MatrixClient(homeserver: session.homeserver, transport: transport)
        let askedAt = ties.clock()
        return UnsavedPair(instead: refreshToken, renewal: try await client.refresh(refreshToken), askedAt: askedAt)
    }

    /// What a failure leaves behind, and what the callers are told.
    private func failed(_ session: SessionRecord, _ error: MatrixError) async -> AgentError {
        let (account, now) = (session.userId, ties.clock())
        let told = AgentError(error, at: session.homeserver)
        logger.debug("a renewal failed", metadata: ["account": "\(account)", "error": "\(told.message)"])
        ties.happened(account, .notRenewed)
        let failure = RenewalFailure(error)
        let answer: AgentError
        switch failure {
        case .over(let refusal):
            let ending = Trouble(reason: .refreshRefused, errcode: refusal.errcode, words: refusal.error, at: now)
            answer = await end(account, session.accessToken, ending)
        case .barred(let refusal):
            heard(from: account)
            answer = await bar(account, session.accessToken, by: refusal) ?? told
        case .switchedOff:
            schedules[account]?.isSwitchedOff = true
            return .notRenewable(account)
        case .unreachable, .failing:
            // As long as the access token lives, all else may go well where only this fails.
            let isNeeded = schedules[account]?.hasExpired(at: now) != false
            if failure == .unreachable || isNeeded, let outage = Trouble.outage(error, ofRenewal: isNeeded, at: now) {
                note(outage, of: account)
            }
            answer = told
        }
        // Somebody may have signed in anew while it was noted: that session has not failed.
        guard sessions[account]?.refreshToken == session.refreshToken else { return answer }
        backOff(account, failure == .unreachable ? .network : .homeserver, retryAfter: failure.retryAfter)
        return answer
    }

    private func backOff(_ account: String, _ cause: Backoff.Cause, retryAfter: Duration? = nil) {
        schedules[account]?.backoff.fail(cause, at: ties.clock(), retryAfter: retryAfter, chance: ties.chance())
    }

    /// Notes that the session which `token` belongs to is over; a newer one is none of it.
    private func end(_ account: String, _ token: Secret, _ ending: Trouble) async -> AgentError {
        logger.warning("the homeserver has ended the session", metadata: ["account": "\(account)"])
        return await bar(account, token, ending)
    }

    /// Notes what a refusal says about the user, with whom `token` goes; nil where it says nothing of the kind.
    func bar(_ account: String, _ token: Secret, by refusal: MatrixError.Refusal) async -> AgentError? {
        guard let trouble = Trouble.standing(refusal, at: ties.clock()) else { return nil }
        let expired = await bar(account, token, trouble)
        // Suspended users may do much, so that is the answer to this one request alone.
        return trouble.state == .suspended ? nil : expired
    }

    private func bar(_ account: String, _ token: Secret, _ trouble: Trouble) async -> AgentError {
        do throws(AgentError) {
            try await note(account) { session in
                guard session.accessToken == token, session.trouble?.reason != trouble.reason else { return }
                session.trouble = trouble
            }
        } catch {
            return error
        }
        return .sessionExpired(account, trouble)
    }
}

/// A pair of tokens on its way to the disk.
struct UnsavedPair: Sendable {
    /// The refresh token that it was given for.
    let instead: Secret
    let renewal: MatrixClient.Renewal
    let askedAt: Moment
}

extension SessionRecord {
    /// Goes on with a new pair.
    mutating func take(_ renewal: MatrixClient.Renewal, askedAt: Moment) {
        accessToken = renewal.accessToken
        refreshToken = renewal.refreshToken ?? refreshToken
        accessTokenLifeMs = renewal.expiresInMs
        // Counted from the question, as the answer's way is not known.
        accessTokenExpiresAt = renewal.expiresInMs.map { askedAt.advanced(by: .milliseconds($0)) }
        // A renewal says nothing about a user who may not act.
        if ending != nil { trouble = nil }
    }
}
