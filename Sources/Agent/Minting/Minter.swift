internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Mints login tokens. The order of the steps is the promise: account, limit, support, consent, permit, request,
/// ledger; and nothing is delivered that nobody agreed to.
actor Minter {
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
        let challenge = try challenges.answered(by: request, at: clock())
        let account = try await accounts.find(challenge?.account ?? request.account)
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        if let ending = session.ending { throw .sessionExpired(account, ending) }
        // A token that waits sealed has its permit already: neither the limit nor the homeserver has a say any more.
        if let challenge, case .consent(let token?) = challenge.wants {
            guard challenges.claim(challenge.id) else { throw .challengeGone("consent.challenge") }
            return try deliver(token, of: session)
        }
        try await book.check(account, for: challenge)
        try requirePrompt(request, account)
        try await support.require(account)
        let purpose = challenge?.purpose ?? request.purpose
        let minting = Minting(account: account, purpose: purpose, request: request, requester: requester)
        let result = try await gate.pass(account) { () async throws(AgentError) in
            // Whoever waited for their turn may have gone meanwhile; then nothing is begun.
            if Task.isCancelled { throw .withdrawn }
            return try await run(minting)
        }
        if Task.isCancelled {
            logger.notice("the requester has gone: its login token is dropped", metadata: ["account": "\(account)"])
        }
        return result
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
        guard let session = await accounts.session(of: minting.account) else { throw .notLoggedIn(minting.account) }
        // Look again: while we waited for our turn, the limit or the challenge may have been used up.
        let challenge = try challenges.answered(by: minting.request, at: clock())
        try await book.check(minting.account, for: challenge)
        guard let challenge else {
            switch session.asking(at: clock()) {
            case .absent: return try await ask(minting, session)
            case .unknown: return try await begin(minting, session, isQuestion: false)
            case .required: return try await begin(minting, session, isQuestion: true)
            }
        }
        guard challenges.claim(challenge.id) else { throw .challengeGone("challenge") }
        switch challenge.wants {
        case .authentication(let uia): return try await authenticate(minting, session, challenge, uia)
        case .consent(let token?): return try deliver(token, of: session)
        case .consent(nil): return try await mint(minting, session, answering: challenge)
        }
    }

    /// Our own question, where the homeserver has none: by the policy.
    private func ask(_ minting: Minting, _ session: SessionRecord) async throws(AgentError) -> Request.Result {
        switch policy(minting.account) {
        case .none:
            logger.notice("minting unasked, as the policy has it", metadata: ["account": "\(minting.account)"])
            return try await mint(minting, session, answering: nil)
        case .caller: throw .consentRequired(open(.consent(nil), minting))
        case .auto, .prompt: throw .promptUnavailable(minting.account)
        }
    }

    /// The first request to a homeserver that asks, or of which it is not known.
    private func begin(
        _ minting: Minting,
        _ session: SessionRecord,
        isQuestion: Bool
    ) async throws(AgentError) -> Request.Result {
        switch try await post(minting, auth: nil, isQuestion: isQuestion) {
        case .wants(let uia): throw try await asked(uia, minting, session)
        case .minted(let token): return try await unseal(token, minting, session)
        case .forgotten: throw .sessionForgotten(at: session.homeserver)
        }
    }

    /// The homeserver asks the user: remembered, and passed on.
    private func asked(
        _ uia: UIAChallenge,
        _ minting: Minting,
        _ session: SessionRecord
    ) async throws(AgentError) -> AgentError {
        let now = clock()
        try await accounts.note(minting.account) { $0.see(.required, at: now) }
        return .authRequired(open(.authentication(uia), minting), uia, at: session.homeserver)
    }

    /// The homeserver minted without a question: the token is sealed, and our own question decides.
    private func unseal(
        _ token: Challenge.SealedToken,
        _ minting: Minting,
        _ session: SessionRecord
    ) async throws(AgentError) -> Request.Result {
        let now = clock()
        try await accounts.note(minting.account) { $0.see(.absent, at: now) }
        switch policy(minting.account) {
        case .none:
            logger.notice("minting unasked, as the policy has it", metadata: ["account": "\(minting.account)"])
            return try deliver(token, of: session)
        case .caller: throw .consentRequired(open(.consent(token), minting))
        // The seal is not broken: the token ends here, unseen.
        case .auto, .prompt: throw .promptUnavailable(minting.account)
        }
    }

    /// The user's answer to the homeserver's question.
    private func authenticate(
        _ minting: Minting,
        _ session: SessionRecord,
        _ challenge: Challenge,
        _ uia: UIAChallenge
    ) async throws(AgentError) -> Request.Result {
        var challenge = challenge
        var answer = try await post(minting, auth: minting.auth(in: uia), answering: challenge)
        if case .forgotten = answer {
            // Begun anew, once. The answer that the user gave goes along, where it was one.
            switch try await post(minting, auth: nil, isQuestion: true) {
            case .wants(let fresh) where minting.request.auth?["type"] != nil:
                challenge.wants = .authentication(fresh)
                answer = try await post(minting, auth: minting.auth(in: fresh), answering: challenge)
            case .wants(let fresh): throw try await asked(fresh, minting, session)
            case .minted(let token): return try await unseal(token, minting, session)
            case .forgotten: break
            }
        }
        switch answer {
        case .minted(let token): return try deliver(token, of: session)
        case .wants(let next):
            challenge.wants = .authentication(next)
            challenges.reopen(challenge)
            if next.errcode == "M_FORBIDDEN", minting.request.auth?["type"] == "m.login.password" {
                try await book.noteWrongPassword(of: minting.account)
            }
            throw .authRequired(challenge, next, at: session.homeserver)
        case .forgotten: throw .sessionForgotten(at: session.homeserver)
        }
    }

    /// Mints where the homeserver asks nothing and everybody else has agreed.
    private func mint(
        _ minting: Minting,
        _ session: SessionRecord,
        answering challenge: Challenge?
    ) async throws(AgentError) -> Request.Result {
        switch try await post(minting, auth: nil, answering: challenge) {
        case .minted(let token): return try deliver(token, of: session)
        // The homeserver has begun to ask: its question replaces ours.
        case .wants(let uia): throw try await asked(uia, minting, session)
        case .forgotten: throw .sessionForgotten(at: session.homeserver)
        }
    }

    /// Breaks the seal. From here on the token is the caller's.
    private func deliver(_ token: Challenge.SealedToken, of session: SessionRecord) throws(AgentError) -> Request.Result
    {
        let left = clock().duration(to: token.entry.expiresAt)
        guard left > .zero else { throw .challengeGone("consent.challenge") }
        let about: Logger.Metadata = [
            "event": "login_token.issued", "account": "\(session.userId)", "token_id": "\(token.entry.tokenId)",
        ]
        logger.notice(
            "a login token was minted",
            metadata: about.merging(token.entry.requester.metadata) { own, _ in own }
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

    private func open(_ wants: Challenge.Wants, _ minting: Minting) -> Challenge {
        challenges.open(wants, account: minting.account, purpose: minting.purpose, at: clock())
    }

    func forget(_ account: String) { challenges.dropAll(of: account) }
}

/// One call of `login_token.generate`, looked through.
struct Minting: Sendable {
    let account: String
    /// As it was said first: a request that answers a challenge need not repeat it.
    let purpose: String?
    let request: GenerateLoginToken
    let requester: Requester

    /// The caller's authentication dictionary with the homeserver's session in place of our challenge.
    func auth(in uia: UIAChallenge) -> [String: JSONValue] {
        var auth = request.auth ?? [:]
        auth["challenge"] = nil
        auth["session"] = uia.session.map { .string($0.reveal()) }
        return auth
    }
}
