internal import JetonAPI
internal import Logging
internal import MatrixClient

/// The agent's own prompt: there the user says what a caller would bring else, to the same questions.
extension Minter {
    /// Runs a minting, and has the user asked as often as that takes.
    func converse(_ first: Minting) async throws(AgentError) -> Request.Result {
        var minting = first
        while true {
            let challenge: Challenge
            do throws(AgentError) {
                return try await turn(minting)
            } catch {
                guard let open = openForPrompt(error) else {
                    drop(minting, begunBy: first.request, error)
                    throw error
                }
                challenge = open
            }
            let next: Request?
            do throws(AgentError) {
                next = try await answer(challenge, minting)
            } catch {
                // Nobody else may answer it, and a token that waited for it ends here, unseen.
                challenges.end(challenge)
                throw error
            }
            guard let next else { throw await entrust(challenge) }
            (minting.request, minting.speaker) = (next, .prompt)
        }
    }

    /// What was put to the user for a request that has failed is nobody's any more, unless the user has agreed and the
    /// caller can go on with it.
    private func drop(_ minting: Minting, begunBy first: Request, _ error: AgentError) {
        guard let challenge = challenges.named(by: minting.request, at: clock()), challenge.isForPrompt else { return }
        let isKnown = error.data["challenge"] != nil || challenges.named(by: first, at: clock())?.id == challenge.id
        if !isKnown || !challenge.isAnswered { challenges.end(challenge) }
    }

    private func openForPrompt(_ error: AgentError) -> Challenge? {
        guard [.authRequired, .consentRequired].contains(error.kind), let id = error.data["challenge"]?.stringValue
        else { return nil }
        return challenges.find(id, at: clock()).flatMap { $0.isForPrompt ? $0 : nil }
    }

    /// The request that goes on with what the user said; nil where that is not what the homeserver wants.
    private func answer(_ challenge: Challenge, _ minting: Minting) async throws(AgentError) -> Request? {
        var request = minting.request
        (request.auth, request.consent) = (nil, nil)
        switch challenge.wants {
        case .consent:
            _ = try await ask(.confirm, challenge, minting)
            challenges.noteAnswer(challenge.id)
            request.consent = .init(challenge: challenge.id)
            return request
        case .authentication(let uia):
            guard let session = await accounts.session(of: minting.account) else { throw .notLoggedIn(minting.account) }
            request.auth = try await answer(
                challenge,
                uia,
                isByPrompt: minting.isByPrompt,
                at: session.homeserver,
                orElse: wayRound(minting.account)
            ) { kind async throws(AgentError) in try await ask(kind, challenge, minting, uia) }
            return request.auth == nil ? nil : request
        }
    }

    /// Who could ask for what a prompt cannot.
    private func wayRound(_ account: String) -> String {
        guard policy(account) == .prompt else { return "; `jeton token` can" }
        return """
            , and nobody else may, as the policy for \(account) is "prompt"; with accounts."\(account)".consent set to \
            "auto" in config.json5, `jeton token` could
            """
    }

    /// - Returns: the password, where that was asked for.
    private func ask(
        _ kind: PromptQuestion.Kind,
        _ challenge: Challenge,
        _ minting: Minting,
        _ uia: UIAChallenge? = nil
    ) async throws(AgentError) -> Secret? {
        let answer = try await put(
            kind,
            challenge,
            uia,
            of: minting.requester,
            terminal: minting.request.terminal
        ) { [locks, book] () async throws(AgentError) in
            try await locks.requireNone()
            // A token that is there already has its permit.
            if challenge.sealedToken == nil {
                try await book.check(minting.account, for: challenge, by: minting.requester)
            }
            if minting.socket == .restricted { try await book.noteRestrictedQuestion() }
        }
        if minting.socket == .restricted { await noteRestricted(answer) }
        switch answer {
        case .agreed(let password): return password
        case .denied: throw .consentDenied
        case .timedOut: throw .consentTimeout
        case .unavailable(let detail):
            // Where the homeserver verifies the user, the caller may ask by itself anyway.
            throw .promptUnavailable(detail, for: kind == .password ? nil : minting.account)
        }
    }
}

/// What the restricted socket may have of the user's attention.
extension Minter {
    /// So many requests at a time.
    private static let maximumRestricted = 2

    /// - Throws: `rate_limited` while nobody is heard there, `busy` where there are others.
    func enterRestricted() async throws(AgentError) {
        try await book.requireHearing()
        guard restrictedCount < Self.maximumRestricted else {
            let reason = "Others ask over the restricted socket already."
            throw AgentError(.busy, reason, ["limit": "restricted_socket"])
        }
        restrictedCount += 1
    }

    func leaveRestricted() { restrictedCount -= 1 }

    /// That it was asked is on the disk already; what came of it changes only how long nobody is heard.
    private func noteRestricted(_ answer: PromptAnswer) async {
        do throws(AgentError) {
            try await book.noteRestrictedAnswer(answer)
        } catch {
            logger.warning(
                "the end of a question could not be written down, ignoring",
                metadata: ["problem": "\(error.message)"]
            )
        }
    }
}
