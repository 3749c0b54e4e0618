internal import JetonAPI

/// When an access token is renewed: before it expires, and after failures later and later. All is counted in wall
/// time, as it outlives the process; a clock that is set back makes no life longer than the homeserver gave.
struct RenewalSchedule: Sendable, Equatable {
    /// When the access token expires, as far as the homeserver said; nil: it lives until it is refused.
    var expiresAt: Moment?
    /// How long an access token lives; nil: not known.
    var life: Duration?
    var backoff = Backoff()
    /// The homeserver does not renew (any more): nothing is tried until somebody needs it.
    var isSwitchedOff = false

    /// A fifth of the life is time enough for several tries; more than five minutes would waste long lives.
    private static let longestMargin = Duration.seconds(300)
    private static let shortestUse = Duration.seconds(1)
    /// Where the life is not known.
    private static let usualMargin = Duration.seconds(30)

    /// How long before its end a token is renewed.
    var margin: Duration { life.map { min($0 / 5, Self.longestMargin) } ?? Self.usualMargin }

    func hasExpired(at now: Moment) -> Bool { expiresAt.map { $0 <= now } ?? false }

    /// How long until the token is to be renewed without anybody asking for it; nil: not at all.
    func wait(at now: Moment) -> Duration? {
        guard !isSwitchedOff, let expiresAt else { return nil }
        let left = now.duration(to: expiresAt)
        // How long until it is as old as a token must be, or a life of nothing would be renewed without end.
        let young = life.map { left - $0 + Self.shortestUse } ?? .zero
        return max(left - margin, young, backoff.left(at: now), .zero)
    }

    /// Brings what is remembered back into what can be true now, after the clock was set back.
    mutating func clamp(at now: Moment) {
        if let life { expiresAt = expiresAt.map { min($0, now.advanced(by: life)) } }
        backoff.clamp(at: now)
    }
}

extension SessionRecord {
    /// What a schedule is made of: with any of it comes a new one.
    struct RenewalTerms: Equatable {
        let tokens: [Secret?]
        let expiresAt: Moment?
        let lifeMs: Int?
        let trouble: Trouble.Reason?
    }

    var renewalTerms: RenewalTerms {
        RenewalTerms(
            tokens: [accessToken, refreshToken],
            expiresAt: accessTokenExpiresAt,
            lifeMs: accessTokenLifeMs,
            trouble: trouble?.reason
        )
    }
}

extension RenewalSchedule {
    /// Of a session whose homeserver has not failed yet; nil where there is nothing to renew it by, and where only the
    /// user or an administrator can help: then it waits until somebody asks.
    init?(of session: SessionRecord) {
        guard session.refreshToken != nil, session.ending == nil, session.trouble?.state != .locked else { return nil }
        self.init(expiresAt: session.accessTokenExpiresAt, life: session.accessTokenLifeMs.map { .milliseconds($0) })
    }
}
