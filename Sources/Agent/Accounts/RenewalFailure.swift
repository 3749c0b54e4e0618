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
            switch error {
            case .unreachable: .unreachable
            case .refused(let refusal): Self(refusal)
            // A page says nothing about a session, not even by 401 or 403: proxies and firewalls send those too.
            case .notMatrix(404, _): .switchedOff
            case .notMatrix, .authenticationRequired: .failing(retryAfter: nil)
            }
    }

    private init(_ refusal: MatrixError.Refusal) {
        self =
            switch (refusal.status, refusal.errcode) {
            case (401, "M_USER_LOCKED"), (403, "M_USER_LOCKED"), (403, "M_USER_SUSPENDED"),
                (401, "M_USER_DEACTIVATED"), (403, "M_USER_DEACTIVATED"):
                .barred(refusal)
            // JSON without an errcode is some gateway's.
            case (401, .some), (403, .some): .over(refusal)
            case (404, _), (405, _): .switchedOff
            default: .failing(retryAfter: refusal.retryAfter)
            }
    }
}
