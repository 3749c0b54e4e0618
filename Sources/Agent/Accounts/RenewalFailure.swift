internal import MatrixClient

/// What a renewal that failed means for the session.
enum RenewalFailure: Equatable {
    /// This refresh token is of no use any more: 401 and 403 mean the same here.
    case over(MatrixError.Refusal)
    /// It is the user who is refused, not the token.
    case barred(MatrixError.Refusal)
    /// The homeserver renews no sessions; as long as the access token lives, the session goes on without.
    case switchedOff
    /// No answer came: the homeserver may have renewed, and then takes the old refresh token once more.
    case unreachable
    /// The homeserver, or what stands before it, could not: the old pair stays good.
    case failing(retryAfter: Duration?)

    /// What the homeserver wants to be waited, where it says so.
    var retryAfter: Duration? { if case .failing(let retryAfter) = self { retryAfter } else { nil } }

    init(_ error: MatrixError) {
        self =
            switch (error, error.refreshVerdict) {
            case (.refused(let refusal), _) where refusal.isAboutUser: .barred(refusal)
            case (.refused(let refusal), .spent): .over(refusal)
            case (_, .notOffered): .switchedOff
            case (.unreachable, _): .unreachable
            case (.refused(let refusal), _): .failing(retryAfter: refusal.retryAfter)
            case (.notMatrix, _), (.authenticationRequired, _): .failing(retryAfter: nil)
            }
    }
}

extension MatrixError.Refusal {
    /// Whether it is the user who is refused, whatever was asked for.
    var isAboutUser: Bool { isLocked || isSuspended || isDeactivated }
}
