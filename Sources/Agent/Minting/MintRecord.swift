internal import JetonAPI

/// What is remembered of an account's mintings: the limits' moments and the login tokens, never a token itself.
struct MintRecord: Sendable, Equatable, Codable {
    /// A login token that was asked for.
    struct Entry: Sendable, Equatable, Codable {
        var tokenId: String
        var issuedAt: Moment
        var expiresAt: Moment
        /// False from before the request is sent until its answer is known: a crash leaves it so.
        var isSettled: Bool
        var purpose: String?
        var requester: Requester

        func issued(of account: String, at now: Moment) -> IssuedToken {
            IssuedToken(
                tokenId: tokenId,
                account: account,
                state: expiresAt <= now ? .expired : isSettled ? .live : .unknown,
                issuedAt: issuedAt,
                expiresAt: expiresAt,
                purpose: purpose,
                requester: requester
            )
        }
    }

    var meter = Meter()
    /// The homeserver's own limit: it answered 429 and said when to come back.
    var notBefore: Moment?
    var wrongPasswords: [Moment] = []
    /// How long the last login token lived, by the homeserver's word.
    var lastLifeMs: Int?
    /// Oldest first.
    var entries: [Entry] = []

    /// What a user may want to look back at.
    private static let maximumEntries = 100

    mutating func add(_ entry: Entry) {
        entries.append(entry)
        entries.removeFirst(max(0, entries.count - Self.maximumEntries))
    }

    /// Wrong passwords that still count. What a clock set back left in the future counts as now.
    func recentWrongPasswords(at now: Moment, _ quota: Quota) -> [Moment] {
        let start = now.advanced(by: .milliseconds(-quota.perMs))
        return wrongPasswords.map { min($0, now) }.filter { $0 > start }
    }

    /// The first limit that stands in the way now.
    func obstacle(at now: Moment, _ quotas: Quotas) -> Obstacle? {
        if let wait = homeserverWait(at: now) { return Obstacle(scope: .homeserver, limit: .loginToken, wait: wait) }
        let wrong = recentWrongPasswords(at: now, quotas.wrongPassword)
        if wrong.count >= quotas.wrongPassword.count {
            let oldest = wrong[wrong.count - quotas.wrongPassword.count]
            let end = oldest.advanced(by: .milliseconds(quotas.wrongPassword.perMs))
            return Obstacle(scope: .local, limit: .wrongPassword, wait: now.duration(to: end))
        }
        let wait = meter.wait(at: now, from: quotas.loginToken)
        return wait > .zero ? Obstacle(scope: .local, limit: .loginToken, wait: wait) : nil
    }

    /// How long the homeserver wants to be left alone; its word is clamped to a week when it is read.
    func homeserverWait(at now: Moment) -> Duration? {
        guard let notBefore, notBefore > now else { return nil }
        return now.duration(to: min(notBefore, now.advanced(by: .seconds(7 * 24 * 3600))))
    }
}

/// The limits that the configuration sets.
public struct Quotas: Sendable, Equatable {
    /// What Synapse allows too, so that ours speaks first and costs nobody a password.
    public var loginToken = Quota(count: 1, perMs: 60_000)
    public var wrongPassword = Quota(count: 5, perMs: 900_000)

    public init() {}
}

/// A limit that stands in the way.
struct Obstacle: Equatable {
    enum Scope: String { case local, homeserver }

    var scope: Scope
    var limit: RateLimit.Name
    var wait: Duration
}
