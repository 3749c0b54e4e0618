internal import JetonAPI

/// After a no, whoever is behind the restricted socket is not heard for a while, and longer each time: nobody may wear
/// the user down. A question counts as refused from the moment it stands, so that going away in time does not help.
/// Wall time.
struct RestrictedSilence: Sendable, Equatable, Codable {
    /// How often in a row the user has not agreed.
    private var refusals = 0
    private var began: Moment?
    /// Whether the last refusal is that of a question whose answer is not known.
    private var isAsking = false

    private static let shortest = Duration.seconds(60)
    private static let longest = Duration.seconds(3600)
    /// So long after the last one refusals are forgotten.
    private static let memory = Duration.seconds(86_400)

    private var length: Duration { min(Self.shortest * (1 << min(max(refusals, 1) - 1, 6)), Self.longest) }

    /// How long it lasts yet; a clock set back cannot make it longer than it was.
    func left(at now: Moment) -> Duration? {
        guard refusals > 0, let began else { return nil }
        let left = min(length, now.duration(to: began.advanced(by: length)))
        return left > .zero ? left : nil
    }

    /// A question stands from now on.
    mutating func ask(at now: Moment) {
        refuse(at: now)
        isAsking = true
    }

    /// What has come of it; or of one that was answered before it stood.
    mutating func note(_ answer: PromptAnswer, at now: Moment) {
        switch answer {
        case .agreed: self = RestrictedSilence()
        case .denied, .timedOut: if isAsking { began = now } else { refuse(at: now) }
        // Nobody was disturbed.
        case .unavailable: if isAsking { (refusals, began) = (max(refusals, 1) - 1, nil) }
        }
        isAsking = false
    }

    private mutating func refuse(at now: Moment) {
        if let began, began.advanced(by: length + Self.memory) < now { refusals = 0 }
        // As many as double anything yet.
        (refusals, began) = (min(refusals, 9) + 1, now)
    }
}
