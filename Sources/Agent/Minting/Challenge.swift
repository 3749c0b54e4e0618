internal import JetonAPI
internal import MatrixClient

/// A minting, or a sign-out, that waits for the user: what it was asked for, and what is still wanted.
struct Challenge: Sendable {
    enum Wants: Sendable {
        /// The homeserver's user-interactive authentication.
        case authentication(UIAChallenge)
        /// Our own question, as the homeserver asks none. A token that it minted unasked waits here for the answer.
        case consent(SealedToken?)
    }

    /// What an answer has made of a sign-out, though whoever asked for it has not heard so yet.
    enum Outcome {
        case signedOut
        /// The homeserver may have done it: why that is not known.
        case unknown(AgentError)
    }

    /// A login token that nobody has seen.
    struct SealedToken: Sendable {
        var token: Secret
        var entry: MintRecord.Entry
    }

    let id: String
    /// For whoever answers from elsewhere: nothing is minted by it.
    let consentId: String
    let account: String
    let purpose: String?
    let requester: Requester
    /// The device that is to be signed out; nil where a login token is to be minted.
    let device: NamedDevice?
    /// To whom the token goes, if not to the requester.
    let handover: Handover?
    /// By which socket it was asked for, and must be answered.
    let socket: Caller.Socket
    /// Only the agent's own prompt may answer it.
    fileprivate(set) var isForPrompt: Bool
    let openedAt: Moment
    fileprivate(set) var expiresAt: Moment
    var wants: Wants
    /// The user has agreed at our own question; what the homeserver wants to know is another one.
    fileprivate(set) var isAgreed = false
    /// The user has agreed already, and only a limit is in the way, or who asks has to come for it: the challenge alone goes
    /// on.
    var isAnswered = false
    /// The user has refused from elsewhere: whoever comes with it is told so.
    var isDenied = false
    var outcome: Outcome?

    var sealedToken: SealedToken? {
        guard case .consent(let token) = wants else { return nil }
        return token
    }

    /// Long enough to find a password, short enough not to be found lying about.
    static let life = Duration.seconds(300)
    /// Longer than anybody waits for the user's other questions to be answered: nobody holds it meanwhile.
    static let lifeAtPrompt = Duration.seconds(3600)
}

/// The challenges under way, in memory only: with the process they end.
struct Challenges: Sendable {
    /// More for one account is nobody's waiting.
    static let maximumPerAccount = 8

    /// Oldest first.
    private var all: [Challenge] = []
    /// How many requests wait with one for a limit: those do not expire meanwhile.
    private var held: [String: Int] = [:]
    /// Those that ended while somebody had claimed them.
    private var ended: [String: Ended] = [:]

    private struct Ended {
        /// Until when it may come back.
        let expiresAt: Moment
        var outcome: Challenge.Outcome?
    }

    mutating func open(
        _ wants: Challenge.Wants,
        account: String,
        purpose: String?,
        requester: Requester,
        device: NamedDevice? = nil,
        handover: Handover? = nil,
        socket: Caller.Socket = .agent,
        isForPrompt: Bool = false,
        outcome: Challenge.Outcome? = nil,
        at now: Moment
    ) -> Challenge {
        dropExpired(at: now)
        let challenge = Challenge(
            id: Identifier.make("c"),
            consentId: Identifier.make("q"),
            account: account,
            purpose: purpose,
            requester: requester,
            device: device,
            handover: handover,
            socket: socket,
            isForPrompt: isForPrompt,
            openedAt: now,
            expiresAt: now.advanced(by: isForPrompt ? Challenge.lifeAtPrompt : Challenge.life),
            wants: wants,
            outcome: outcome
        )
        reopen(challenge)
        return challenge
    }

    mutating func find(_ id: String, at now: Moment) -> Challenge? {
        dropExpired(at: now)
        return all.first { $0.id == id }
    }

    mutating func find(consentId: String, at now: Moment) -> Challenge? {
        dropExpired(at: now)
        return all.first { $0.consentId == consentId && !$0.isDenied }
    }

    /// Those that callers put to the user themselves, and nobody has answered, oldest first.
    mutating func ofCallers(at now: Moment) -> [Challenge] {
        dropExpired(at: now)
        return all.filter { !$0.isForPrompt && !$0.isAnswered && !$0.isDenied }.sorted { $0.openedAt < $1.openedAt }
    }

    /// Takes a challenge out: only one request may answer it at a time.
    /// - Returns: whether it was still there.
    mutating func claim(_ id: String) -> Bool {
        guard let index = all.firstIndex(where: { $0.id == id }) else { return false }
        all.remove(at: index)
        return true
    }

    /// Lets a challenge be answered, again or at all; the oldest of too many goes.
    mutating func reopen(_ challenge: Challenge) {
        guard ended[challenge.id] == nil else {
            ended[challenge.id]?.outcome = challenge.outcome
            return
        }
        // Those for the prompt end with the requests that wait for it, and push nobody out.
        let own = all.filter { $0.account == challenge.account && !$0.isForPrompt }
        if !challenge.isForPrompt, own.count >= Self.maximumPerAccount, let oldest = own.first { _ = claim(oldest.id) }
        all.append(challenge)
    }

    /// Nobody may answer it any more, not even who has claimed it and would open it again.
    mutating func end(_ challenge: Challenge) {
        if !claim(challenge.id), ended[challenge.id] == nil {
            ended[challenge.id] = Ended(expiresAt: challenge.expiresAt)
        }
    }

    /// One that was claimed comes back no more; what an earlier answer has made of it stays so.
    mutating func spend(_ challenge: Challenge) {
        ended[challenge.id] = Ended(expiresAt: challenge.expiresAt, outcome: challenge.outcome)
    }

    /// What has come of one that had been claimed when it ended.
    func outcomeAfterEnd(of id: String) -> Challenge.Outcome? { ended[id]?.outcome }

    /// From now on only the agent's own prompt may answer it.
    /// - Returns: the challenge as it is then; nil where it has gone.
    mutating func reserve(_ id: String, at now: Moment) -> Challenge? {
        edit(id) { ($0.isForPrompt, $0.expiresAt) = (true, now.advanced(by: Challenge.lifeAtPrompt)) }
    }

    /// The user has agreed at the prompt, and whoever asks has to bring what the homeserver wants.
    /// - Returns: the challenge as it is then; nil where it has gone.
    mutating func entrust(_ id: String, at now: Moment) -> Challenge? {
        edit(id) { ($0.isForPrompt, $0.expiresAt) = (false, now.advanced(by: Challenge.life)) }
    }

    mutating func noteAgreement(_ id: String) { _ = edit(id) { $0.isAgreed = true } }

    private mutating func edit(_ id: String, _ change: (inout Challenge) -> Void) -> Challenge? {
        guard let index = all.firstIndex(where: { $0.id == id }) else { return nil }
        change(&all[index])
        return all[index]
    }

    /// The user has agreed; what still stands in the way are limits.
    mutating func noteAnswer(_ id: String) {
        _ = edit(id) { $0.isAnswered = true }
    }

    /// The user has refused. Nothing that waited for the answer is kept.
    mutating func noteDenial(_ id: String) {
        _ = edit(id) { challenge in
            challenge.isDenied = true
            if challenge.sealedToken != nil { challenge.wants = .consent(nil) }
        }
    }

    mutating func hold(_ id: String) { held[id, default: 0] += 1 }

    mutating func release(_ id: String) { held[id] = held[id].flatMap { $0 > 1 ? $0 - 1 : nil } }

    mutating func dropAll(of account: String) { all.removeAll { $0.account == account } }

    private mutating func dropExpired(at now: Moment) {
        all.removeAll { $0.expiresAt <= now && held[$0.id] == nil }
        ended = ended.filter { $0.value.expiresAt > now }
    }
}
