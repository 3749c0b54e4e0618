internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Mints login tokens. The order of the steps is the promise: account and support, limit, consent, permit, request,
/// ledger; and nothing is delivered that nobody agreed to.
actor Minter {
    /// What the caller of `login_token.generate` is told, and by whom it is asked.
    typealias Request = GenerateLoginToken

    let accounts: Accounts
    let book: MintBook
    let support: Support
    let policy: @Sendable (String) -> ConsentPolicy
    let clock: @Sendable () -> Moment
    let logger: Logger
    var challenges = Challenges()
    private let gate = AccountGate()

    init(
        accounts: Accounts,
        book: MintBook,
        support: Support,
        policy: @escaping @Sendable (String) -> ConsentPolicy,
        clock: @escaping @Sendable () -> Moment,
        logger: Logger
    ) {
        self.accounts = accounts
        self.book = book
        self.support = support
        self.policy = policy
        self.clock = clock
        self.logger = logger
    }

    func generate(_ request: Request, for requester: Requester) async throws(AgentError) -> Request.Result {
        let challenge = try challenge(of: request)
        let account = try await accounts.find(challenge?.account ?? request.account)
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        if let ending = session.ending { throw .sessionExpired(account, ending) }
        // A token that waits sealed has its permit already: neither the limit nor the homeserver has a say any more.
        if case .consent(let token?) = challenge?.wants { return try deliver(token, of: session, challenge) }
        try await support.require(account)
        try requirePrompt(request, account)
        let minting = Minting(account: account, request: request, requester: requester, challenge: challenge)
        let result = try await gate.pass(account) { () async throws(AgentError) in
            // Whoever waited for their turn may have gone meanwhile; then nothing is begun.
            if Task.isCancelled { throw .internalError("the request was withdrawn") }
            return try await self.run(minting)
        }
        if Task.isCancelled {
            logger.notice("the requester has gone: its login token is dropped", metadata: ["account": "\(account)"])
        }
        return result
    }

    /// The challenge that the request answers, if it answers one, and belongs to it.
    private func challenge(of request: Request) throws(AgentError) -> Challenge? {
        if let purpose = request.purpose, purpose.count > 200 {
            throw .invalidParams("purpose must have at most 200 characters, not \(purpose.count)", field: "purpose")
        }
        let (id, field): (String, String)
        switch (request.auth, request.consent) {
        case (nil, nil): return nil
        case (.some, .some): throw .invalidParams("auth and consent exclude each other", field: "consent")
        case (let auth?, nil):
            guard let text = auth["challenge"]?.stringValue else {
                throw .invalidParams(
                    "auth.challenge is missing; a request without auth gives one",
                    field: "auth.challenge"
                )
            }
            guard auth["session"] == nil else {
                throw .invalidParams("auth.session is not known here; use auth.challenge", field: "auth.session")
            }
            (id, field) = (text, "auth.challenge")
        case (nil, let consent?): (id, field) = (consent.challenge, "consent.challenge")
        }
        guard let challenge = challenges.find(id, at: clock()) else { throw .challengeGone(field) }
        switch (challenge.wants, request.auth) {
        case (.authentication, .some), (.consent, nil): break
        case (.authentication, nil): throw .invalidParams("this challenge wants auth, not consent", field: "consent")
        case (.consent, .some): throw .invalidParams("this challenge wants consent, not auth", field: "auth")
        }
        guard request.account == nil || request.account == challenge.account,
            request.purpose == nil || request.purpose == challenge.purpose
        else { throw .challengeBound }
        return challenge
    }

    /// Where only the agent's own prompt counts, there must be one before anything is asked of the homeserver.
    private func requirePrompt(_ request: Request, _ account: String) throws(AgentError) {
        switch (policy(account), request.prompt) {
        case (.prompt, .caller):
            throw AgentError(.forbidden, "The policy for \(account) is that the agent asks the user itself.")
        case (.prompt, _), (_, .agent): throw .promptUnavailable(account)
        default: break
        }
    }

    /// One turn of the account: everything that must not happen twice at the same time.
    private func run(_ minting: Minting) async throws(AgentError) -> Request.Result {
        try await book.check(minting.account)
        guard let session = await accounts.session(of: minting.account) else { throw .notLoggedIn(minting.account) }
        switch (minting.challenge?.wants, session.asking) {
        case (.authentication(let uia)?, _): return try await authenticate(minting, uia)
        case (.consent?, _): return try await mintAndDeliver(minting)
        case (nil, .absent): return try await ask(minting, session)
        case (nil, .unknown), (nil, .required): return try await begin(minting, session)
        }
    }

    /// Our own question, where the homeserver has none: by the policy.
    private func ask(_ minting: Minting, _ session: SessionRecord) async throws(AgentError) -> Request.Result {
        switch policy(minting.account) {
        case .none:
            logger.notice("minting unasked, as the policy has it", metadata: ["account": "\(minting.account)"])
            return try await mintAndDeliver(minting)
        case .caller: throw .consentRequired(open(.consent(nil), minting))
        case .auto, .prompt: throw .promptUnavailable(minting.account)
        }
    }

    /// The first request to a homeserver that asks, or of which it is not known. It may mint unasked: then the token
    /// is sealed, and our own question decides.
    private func begin(_ minting: Minting, _ session: SessionRecord) async throws(AgentError) -> Request.Result {
        switch try await post(minting, auth: nil, isQuestion: session.asking == .required) {
        case .wants(let uia):
            try await accounts.note(minting.account) { $0.asking = .required }
            throw .authRequired(open(.authentication(uia), minting), uia, at: session.homeserver)
        case .minted(let token):
            try await accounts.note(minting.account) { $0.asking = .absent }
            switch policy(minting.account) {
            case .none: return try deliver(token, of: session, nil)
            case .caller: throw .consentRequired(open(.consent(token), minting))
            // The seal is not broken: the token ends here, unseen.
            case .auto, .prompt: throw .promptUnavailable(minting.account)
            }
        }
    }

    /// The user's answer to the homeserver's question.
    private func authenticate(_ minting: Minting, _ uia: UIAChallenge) async throws(AgentError) -> Request.Result {
        guard let challenge = minting.challenge, let session = await accounts.session(of: minting.account) else {
            throw .notLoggedIn(minting.account)
        }
        var auth = minting.request.auth ?? [:]
        auth["challenge"] = nil
        auth["session"] = uia.session.map { .string($0.reveal()) }
        switch try await post(minting, auth: auth, isQuestion: false) {
        case .minted(let token): return try deliver(token, of: session, challenge)
        case .wants(let next):
            if next.errcode == "M_FORBIDDEN", auth["type"] == "m.login.password" {
                try await book.noteWrongPassword(of: minting.account)
            }
            challenges.update(challenge.id, .authentication(next))
            throw .authRequired(challenge, next, at: session.homeserver)
        }
    }

    private func mintAndDeliver(_ minting: Minting) async throws(AgentError) -> Request.Result {
        guard let session = await accounts.session(of: minting.account) else { throw .notLoggedIn(minting.account) }
        switch try await post(minting, auth: nil, isQuestion: false) {
        case .minted(let token): return try deliver(token, of: session, minting.challenge)
        case .wants(let uia):
            // The homeserver has begun to ask: its question replaces ours.
            try await accounts.note(minting.account) { $0.asking = .required }
            if let challenge = minting.challenge { challenges.drop(challenge.id) }
            throw .authRequired(open(.authentication(uia), minting), uia, at: session.homeserver)
        }
    }

    /// Breaks the seal. From here on the token is the caller's.
    private func deliver(
        _ token: Challenge.SealedToken,
        of session: SessionRecord,
        _ challenge: Challenge?
    ) throws(AgentError) -> Request.Result {
        if let challenge {
            // Look again: only one answer to a challenge gets the token.
            guard challenges.find(challenge.id, at: clock()) != nil else { throw .challengeGone("challenge") }
            challenges.drop(challenge.id)
        }
        let left = clock().duration(to: token.entry.expiresAt)
        guard left > .zero else { throw .challengeGone("consent.challenge") }
        logger.notice(
            "a login token was minted",
            metadata: [
                "event": "login_token.issued", "account": "\(session.userId)", "token_id": "\(token.entry.tokenId)",
                "peer_pid": "\(token.entry.requester.pid)",
            ]
        )
        return Request.Result(
            loginToken: token.token,
            expiresInMs: left.milliseconds,
            expiresAt: token.entry.expiresAt,
            tokenId: token.entry.tokenId,
            userId: session.userId,
            homeserver: session.homeserver.description
        )
    }

    func open(_ wants: Challenge.Wants, _ minting: Minting) -> Challenge {
        challenges.add(wants, account: minting.account, purpose: minting.purpose, at: clock())
    }

    func forget(_ account: String) { challenges.dropAll(of: account) }
}

/// One call of `login_token.generate`, looked through.
struct Minting: Sendable {
    let account: String
    let request: GenerateLoginToken
    let requester: Requester
    let challenge: Challenge?

    /// A request that answers a challenge need not repeat what it is for.
    var purpose: String? { challenge?.purpose ?? request.purpose }
}
