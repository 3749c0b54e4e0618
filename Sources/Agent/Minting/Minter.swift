internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Mints login tokens. The order of the steps is the promise: account, lock, limit, support, consent, permit, request,
/// ledger; and nothing is delivered that nobody agreed to.
actor Minter: Questioner {
    typealias Request = GenerateLoginToken

    let accounts: Accounts
    let locks: Locks
    let book: MintBook
    let support: Support
    let policy: @Sendable (String) -> ConsentPolicy
    let clock: @Sendable () -> Moment
    let logger: Logger
    let desk: PromptDesk
    let consents: Consents
    let redemptions: RedemptionWatch
    let promptTimeoutMs: @Sendable () -> Int
    var challenges = Challenges()
    /// How many ask over the restricted socket right now.
    var restrictedCount = 0
    nonisolated let gate = AccountGate()

    init(
        accounts: Accounts,
        locks: Locks,
        book: MintBook,
        support: Support,
        policy: @escaping @Sendable (String) -> ConsentPolicy,
        desk: PromptDesk,
        consents: Consents,
        redemptions: RedemptionWatch,
        promptTimeoutMs: @escaping @Sendable () -> Int,
        clock: @escaping @Sendable () -> Moment,
        logger: Logger
    ) {
        self.accounts = accounts
        self.locks = locks
        self.book = book
        self.support = support
        self.policy = policy
        self.desk = desk
        self.consents = consents
        self.redemptions = redemptions
        self.promptTimeoutMs = promptTimeoutMs
        self.clock = clock
        self.logger = logger
    }

    func generate(
        _ request: Request,
        for requester: Requester,
        over socket: Caller.Socket,
        _ handover: Handover? = nil
    ) async throws(AgentError) -> Request.Result {
        let challenge = try challenges.answered(by: request, over: socket, for: handover?.ssoUrl, at: clock())
        let account = try await accounts.find(challenge?.account ?? request.account)
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        try await locks.requireNone()
        if let ending = session.ending { throw .sessionExpired(account, ending) }
        // The user was asked about the program that waited when the question was put.
        try await challenge?.handover?.check()
        // A token that waits sealed has its permit already: neither the limit nor the homeserver has a say any more.
        if let challenge, case .consent(let token?) = challenge.wants {
            try requireTrust(account, challenge)
            guard challenges.claim(challenge.id), clock() < token.entry.expiresAt else {
                throw .challengeGone("consent.challenge")
            }
            return try deliver(token, of: session)
        }
        let isByPrompt = try isByPrompt(request, account, challenge)
        let purpose = challenge?.purpose ?? request.purpose
        let minting = Minting(
            account: account,
            purpose: purpose,
            request: request,
            requester: requester,
            socket: socket,
            isByPrompt: isByPrompt,
            handover: handover
        )
        guard socket == .restricted else { return try await converse(minting) }
        try await enterRestricted()
        defer { leaveRestricted() }
        return try await converse(minting)
    }

    /// A turn of the account's. The user is asked between turns: others need not wait for a person.
    func turn(_ minting: Minting) async throws(AgentError) -> Request.Result {
        try await gate.pass(minting.account) { () async throws(AgentError) in
            // Whoever waited for their turn may have gone meanwhile; then nothing is begun.
            if Task.isCancelled { throw .withdrawn }
            return try await run(minting)
        }
    }

    /// Whether only the agent's own prompt counts. Then there must be one before anything is asked of the homeserver,
    /// and no word of the caller's has a say.
    private func isByPrompt(
        _ request: Request,
        _ account: String,
        _ challenge: Challenge?
    ) throws(AgentError) -> Bool {
        guard policy(account) == .prompt || request.prompt == .agent else { return false }
        guard request.prompt != .caller else {
            throw AgentError(.forbidden, "The policy for \(account) is that the agent asks the user itself.")
        }
        guard challenge?.isAnswered != true else { return true }
        if let obstacle = desk.obstacle, !consents.isAwaited { throw .promptUnavailable(obstacle) }
        guard challenge == nil else { throw .promptOnly(account) }
        return true
    }

    /// The caller's word counts only where the policy says so now: it may have become stricter since it was asked for.
    private func requireTrust(_ account: String, _ challenge: Challenge) throws(AgentError) {
        guard !challenge.isForPrompt, !challenge.isAnswered, !policy(account).trustsCallers else { return }
        throw .promptOnly(account)
    }

    /// One turn of the account: everything that must not happen twice at the same time. The limit counts only here, for
    /// a permit that somebody else holds may yet go back.
    private func run(_ minting: Minting) async throws(AgentError) -> Request.Result {
        try await locks.requireNone()
        // While the user was asked, it may have gone: then nothing is minted for it.
        try await minting.handover?.check()
        let answered = try self.answered(minting)
        if answered?.sealedToken == nil {
            try await book.check(minting.account, for: answered, by: minting.requester)
            try await support.require(minting.account)
        }
        guard let session = await accounts.session(of: minting.account) else { throw .notLoggedIn(minting.account) }
        // Look again: while the homeserver was asked, the challenge may have expired, or a lock come.
        try await locks.requireNone()
        guard let challenge = try self.answered(minting) else {
            switch session.asking(at: clock()) {
            case .absent: return try await ask(minting, session)
            case .unknown: return try await begin(minting, session, isQuestion: false)
            case .required: return try await begin(minting, session, isQuestion: true)
            }
        }
        switch challenge.wants {
        case .authentication(let uia): try await requireAgreement(minting, session, challenge, uia)
        case .consent: try requireTrust(minting.account, challenge)
        }
        guard challenges.claim(challenge.id) else { throw .challengeGone("challenge") }
        switch challenge.wants {
        case .authentication(let uia): return try await authenticate(minting, session, challenge, uia)
        case .consent(let token?):
            guard clock() < token.entry.expiresAt else { throw .challengeGone("consent.challenge") }
            return try deliver(token, of: session)
        case .consent(nil): return try await mint(minting, session, answering: challenge)
        }
    }

    func answered(_ minting: Minting) throws(AgentError) -> Challenge? {
        try challenges.answered(
            by: minting.request,
            over: minting.socket,
            for: minting.handover?.ssoUrl,
            isPromptsWord: minting.speaker != .requester,
            at: clock()
        )
    }

    /// Breaks the seal. From here on the token is the caller's.
    func deliver(_ token: Challenge.SealedToken, of session: SessionRecord) throws(AgentError) -> Request.Result {
        let left = clock().duration(to: token.entry.expiresAt)
        guard left > .zero else {
            throw .handedToNobody("its life was over when it arrived.", until: token.entry.expiresAt)
        }
        let about: Logger.Metadata = [
            "event": "login_token.issued", "account": "\(session.userId)", "token_id": "\(token.entry.tokenId)",
        ]
        logger.notice(
            "a login token was minted",
            metadata: about.merging(token.entry.requester.metadata) { own, _ in own }
        )
        redemptions.expect(token.entry, of: session.userId)
        return Request.Result(
            loginToken: token.token,
            expiresInMs: left.milliseconds,
            expiresAt: token.entry.expiresAt,
            tokenId: token.entry.tokenId,
            userId: session.userId,
            homeserver: session.homeserver.description
        )
    }

    func open(_ wants: Challenge.Wants, _ minting: Minting, isForPrompt: Bool) -> Challenge {
        challenges.open(
            wants,
            account: minting.account,
            purpose: minting.purpose,
            requester: minting.requester,
            handover: minting.handover,
            socket: minting.socket,
            isForPrompt: isForPrompt,
            at: clock()
        )
    }

    /// Nobody answers for an account any more that was signed out.
    func forget(_ account: String) {
        challenges.dropAll(of: account)
        consents.withdrawAll(of: account, .notLoggedIn(account))
    }
}
