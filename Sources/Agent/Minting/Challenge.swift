internal import JetonAPI
internal import MatrixClient

/// A minting that waits for the user: what it was asked for, and what is still wanted.
struct Challenge: Sendable {
    enum Wants: Sendable {
        /// The homeserver's user-interactive authentication.
        case authentication(UIAChallenge)
        /// Our own question, as the homeserver asks none. A token that it minted unasked waits here for the answer.
        case consent(SealedToken?)
    }

    /// A login token that nobody has seen.
    struct SealedToken: Sendable {
        var token: Secret
        var entry: MintRecord.Entry
    }

    let id: String
    let account: String
    let purpose: String?
    let expiresAt: Moment
    var wants: Wants

    /// Long enough to find a password, short enough not to be found lying about.
    static let life = Duration.seconds(300)
}

/// The challenges under way, in memory only: with the process they end.
struct Challenges: Sendable {
    /// More for one account is nobody's waiting.
    static let maximumPerAccount = 8

    /// Oldest first.
    private var open: [Challenge] = []

    mutating func add(_ wants: Challenge.Wants, account: String, purpose: String?, at now: Moment) -> Challenge {
        dropExpired(at: now)
        let own = open.filter { $0.account == account }
        if own.count >= Self.maximumPerAccount, let oldest = own.first { drop(oldest.id) }
        let challenge = Challenge(
            id: Identifier.make("c"),
            account: account,
            purpose: purpose,
            expiresAt: now.advanced(by: Challenge.life),
            wants: wants
        )
        open.append(challenge)
        return challenge
    }

    mutating func find(_ id: String, at now: Moment) -> Challenge? {
        dropExpired(at: now)
        return open.first { $0.id == id }
    }

    mutating func update(_ id: String, _ wants: Challenge.Wants) {
        guard let index = open.firstIndex(where: { $0.id == id }) else { return }
        open[index].wants = wants
    }

    mutating func drop(_ id: String) { open.removeAll { $0.id == id } }

    mutating func dropAll(of account: String) { open.removeAll { $0.account == account } }

    private mutating func dropExpired(at now: Moment) { open.removeAll { $0.expiresAt <= now } }
}
