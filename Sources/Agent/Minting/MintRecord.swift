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
        var redeemedBy: Redeemer?
        var candidates: [Redeemer]?
        /// Whether the user is still to be told who has redeemed it; nil: no.
        var isHeldBack: Bool?

        func issued(of account: String, at now: Moment) -> IssuedToken {
            IssuedToken(
                tokenId: tokenId,
                account: account,
                state: state(at: now),
                issuedAt: issuedAt,
                expiresAt: expiresAt,
                purpose: purpose,
                requester: requester,
                redeemedBy: redeemedBy,
                candidates: candidates
            )
        }

        private func state(at now: Moment) -> IssuedToken.State {
            let devices = redeemedBy.map { [$0] } ?? candidates ?? []
            if !devices.isEmpty, devices.allSatisfy({ $0.signedOutAt != nil }) { return .signedOut }
            // A single candidate is one that another token may have signed in.
            if redeemedBy != nil || devices.count > 1 { return .redeemed }
            return expiresAt <= now ? .expired : isSettled ? .live : .unknown
        }

        /// Whether a device was among those that the token may have signed in.
        /// - Returns: false where that was known, or was not the case.
        mutating func noteSignOut(of device: String, at now: Moment) -> Bool {
            let before = self
            redeemedBy = redeemedBy?.ended(with: device, at: now)
            candidates = candidates?.map { $0.ended(with: device, at: now) }
            return self != before
        }

        /// A device has appeared; what was signed out by then stays so.
        mutating func note(_ finding: Sightings.Finding) {
            let ended = [redeemedBy].compactMap(\.self) + (candidates ?? [])
            redeemedBy = finding.redeemedBy
            candidates = finding.candidates
            // What an earlier finding has held back, the next one tells.
            isHeldBack = finding.telling == .atNextLook ? true : nil
            for device in ended { _ = device.signedOutAt.map { noteSignOut(of: device.deviceId, at: $0) } }
        }
    }

    var meter = Meter()
    /// The homeserver's own limit: it answered 429 and said when to come back.
    struct HomeserverLimit: Sendable, Equatable, Codable {
        var notBefore: Moment
        /// What it said, for clocks that are set back meanwhile.
        var waitMs: Int
    }

    var homeserverLimit: HomeserverLimit?
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

    /// Changes an entry, or adds it where it is not among those that are kept.
    mutating func put(_ entry: Entry) {
        if let index = entries.lastIndex(where: { $0.tokenId == entry.tokenId }) {
            entries[index] = entry
        } else {
            add(entry)
        }
    }

    /// Brings every moment back into what can be true now, after a clock was set back.
    mutating func clamp(at now: Moment, to quotas: Quotas) {
        meter.clamp(at: now, to: quotas.loginToken)
        wrongPasswords = wrongPasswords.map { min($0, now) }
        if let limit = homeserverLimit {
            let latest = now.advanced(by: .milliseconds(limit.waitMs))
            homeserverLimit?.notBefore = min(limit.notBefore, latest)
        }
    }

    /// Wrong passwords that still count.
    func recentWrongPasswords(at now: Moment, _ quota: Quota) -> [Moment] {
        wrongPasswords.filter { $0 > now.advanced(by: .milliseconds(-quota.perMs)) }
    }

    mutating func noteWrongPassword(at now: Moment, _ quota: Quota) {
        wrongPasswords = recentWrongPasswords(at: now, quota) + [now]
    }

    /// Sets right what was noted of a password before the homeserver has seen it. After the right one, those that were
    /// wrong before count no more: that was the user, mistyping.
    mutating func judge(_ guess: Moment, _ verdict: MintBook.PasswordVerdict) {
        switch verdict {
        case .wrong: break
        case .right: wrongPasswords = []
        case .unknown:
            if let index = wrongPasswords.lastIndex(of: guess) { wrongPasswords.remove(at: index) }
        }
    }

    /// The first limit that stands in the way now.
    func obstacle(at now: Moment, _ quotas: Quotas) -> Obstacle? {
        if let wait = homeserverWait(at: now) { return Obstacle(scope: .homeserver, limit: .loginToken, wait: wait) }
        if let wait = wrongPasswordWait(at: now, quotas.wrongPassword) {
            return Obstacle(scope: .local, limit: .wrongPassword, wait: wait)
        }
        let wait = meter.wait(at: now, from: quotas.loginToken)
        return wait > .zero ? Obstacle(scope: .local, limit: .loginToken, wait: wait) : nil
    }

    /// How long the homeserver wants to be left alone.
    func homeserverWait(at now: Moment) -> Duration? {
        guard let limit = homeserverLimit, limit.notBefore > now else { return nil }
        return now.duration(to: limit.notBefore)
    }

    /// How long no more passwords are passed on.
    func wrongPasswordWait(at now: Moment, _ quota: Quota) -> Duration? {
        let wrong = recentWrongPasswords(at: now, quota)
        guard wrong.count >= quota.count else { return nil }
        let end = wrong[wrong.count - quota.count].advanced(by: .milliseconds(quota.perMs))
        return now.duration(to: end)
    }
}

/// The limits that the configuration sets.
public struct Quotas: Sendable, Equatable {
    /// What Synapse allows too, so that ours speaks first and costs nobody a password.
    public var loginToken = Quota(count: 1, perMs: 60_000)
    public var wrongPassword = Quota(count: 5, perMs: 900_000)
    /// Nil: requesters are not told apart.
    public var requester: Quota?

    public init() {}
}

/// A limit that stands in the way.
struct Obstacle: Equatable {
    enum Scope: String { case local, homeserver }

    var scope: Scope
    /// Which of ours; nil where it is the homeserver's, for something that we do not count.
    var limit: RateLimit.Name?
    var wait: Duration
}

extension Redeemer {
    fileprivate func ended(with device: String, at now: Moment) -> Redeemer {
        guard deviceId == device, signedOutAt == nil else { return self }
        var ended = self
        ended.signedOutAt = now
        return ended
    }
}
