/// What errors mean for what comes next.
extension MatrixError {
    /// Whether the endpoint does not exist there; proxies say so by a page.
    public var isUnrecognized: Bool {
        switch self {
        case .refused(let refusal): refusal.isUnrecognized
        case .notMatrix(let status, _): [404, 405].contains(status)
        case .unreachable, .authenticationRequired: false
        }
    }

    /// Whether it says nothing but that now is not the moment: no answer came, there is too much to do, or the
    /// homeserver behind a proxy is down.
    public var isPassing: Bool {
        switch self {
        case .unreachable: true
        case .refused(let refusal): refusal.isLimit || refusal.status >= 500
        case .notMatrix(let status, _): status >= 500
        case .authenticationRequired: false
        }
    }

    /// Whether the homeserver may have done what it was asked for all the same.
    public var mayHaveSucceeded: Bool {
        switch self {
        case .unreachable(let failure): failure.mayHaveArrived
        case .notMatrix(let status, _): Self.isNoRefusal(status)
        case .refused(let refusal): Self.isNoRefusal(refusal.status)
        case .authenticationRequired: false
        }
    }

    /// Whether a status leaves open what was done behind it.
    private static func isNoRefusal(_ status: Int) -> Bool { (200..<300).contains(status) || status >= 500 }

    /// What a POST /refresh that failed says about the pair of tokens.
    public enum RefreshVerdict: Sendable, Equatable {
        /// The refresh token is of no use any more: the user signs in again, with the same device.
        case spent
        /// This homeserver renews nothing: the access token is used to its end.
        case notOffered
        /// Nothing is known: the pair is kept, and tried again later.
        case undecided
    }

    /// 401 and 403 mean the same, if it is Matrix that says them and they are about the token. Everything else keeps
    /// the pair: a session that is given up cannot be had back. A page that is missing is a proxy's word alone.
    public var refreshVerdict: RefreshVerdict {
        guard case .refused(let refusal) = self, let errcode = refusal.errcode else { return .undecided }
        if errcode == "M_UNRECOGNIZED" { return .notOffered }
        guard [401, 403].contains(refusal.status) else { return .undecided }
        let isAboutAnotherThing =
            refusal.isLocked || refusal.isSuspended || refusal.missesToken || refusal.exceedsResources
            || refusal.wantsTerms
        return isAboutAnotherThing ? .undecided : .spent
    }

    /// Whether a log in by login token that failed so may have used the token up, or found it used: a new one is
    /// wanted then. Synapse burns it even where a limit or a lock refuses the log in.
    public var mayHaveBurntLoginToken: Bool {
        switch self {
        case .unreachable(let failure): failure.mayHaveArrived
        case .refused(let refusal): !refusal.isUnrecognized && refusal.status != 400
        case .notMatrix(let status, _): ![404, 405].contains(status)
        case .authenticationRequired: true
        }
    }
}
