internal import JetonAPI

/// After a no, whoever is behind the restricted socket is not heard for a while, and longer each time: nobody may wear
/// the user down. Wall time, in memory: a restart forgets it.
struct RestrictedSilence: Sendable {
    private var length = shortest
    private var began: Moment?

    private static let shortest = Duration.seconds(60)
    private static let longest = Duration.seconds(3600)

    /// How long it lasts yet; a clock set back cannot make it longer than it was.
    func left(at now: Moment) -> Duration? {
        guard let began else { return nil }
        let left = min(length, now.duration(to: began.advanced(by: length)))
        return left > .zero ? left : nil
    }

    /// The user has refused, or has not answered.
    mutating func begin(at now: Moment) {
        if began != nil { length = min(length * 2, Self.longest) }
        began = now
    }

    /// The user has agreed.
    mutating func end() { self = RestrictedSilence() }
}
