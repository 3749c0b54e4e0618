internal import JetonAPI
internal import MatrixClient

/// What stands between an account and its session, as it was seen last.
struct Trouble: Codable, Sendable, Equatable {
    typealias Reason = Account.Cause.Reason

    var reason: Reason
    var errcode: String?
    /// What the network or the homeserver said of it.
    var words: String?
    /// When it began.
    var at: Moment

    /// The state that an account is in by this.
    var state: Account.State {
        switch reason {
        case .unreachable, .homeserverFailing: .offline
        case .accessTokenExpired, .refreshRefused: .signedOutSoftly
        case .sessionEnded, .userDeactivated: .signedOut
        case .userLocked: .locked
        case .userSuspended: .suspended
        }
    }

    /// Whether the session is over: nothing but a new sign-in helps, and the homeserver need not be asked again.
    var isEnd: Bool { [.signedOut, .signedOutSoftly].contains(state) }

    func cause(of user: String, at homeserver: String = "The homeserver") -> Account.Cause {
        Account.Cause(reason: reason, detail: sentence(user, homeserver), errcode: errcode, at: at)
    }

    private func sentence(_ user: String, _ homeserver: String) -> String {
        let said = words.map { " (\($0))" } ?? ""
        return switch reason {
        case .unreachable: "\(homeserver) cannot be reached\(said). The session is kept; it is tried again."
        case .homeserverFailing: "\(homeserver) fails\(said). The session is kept; it is tried again."
        case .accessTokenExpired:
            "The access token has expired and cannot be renewed. Sign in again with `jeton login \(user)`; "
                + "the device stays the same."
        case .refreshRefused:
            "The homeserver does not renew the session any more\(said). Sign in again with `jeton login \(user)`; "
                + "the device stays the same."
        case .sessionEnded:
            "The homeserver has ended the session: the device was signed out, or the password changed. "
                + "Sign in again with `jeton login \(user)`."
        case .userLocked:
            "The homeserver's administrator has locked \(user)\(said). The session is kept, and works again once "
                + "they have unlocked it: ask them."
        case .userSuspended:
            "The homeserver's administrator has suspended \(user)\(said). The session is kept, and what is refused "
                + "works again once they have lifted that: ask them."
        case .userDeactivated:
            "\(user) was deactivated at the homeserver, for good. Forget it here with "
                + "`jeton logout --local-only --account \(user)`."
        }
    }
}

extension Trouble {
    /// What an error says about the homeserver as a whole; nil where the homeserver is well. After a renewal without
    /// which nothing works, any refusal is an outage, but the wish to be asked less often.
    static func outage(_ error: MatrixError, ofRenewal isNeeded: Bool = false, at now: Moment) -> Trouble? {
        switch error {
        case .unreachable(let failure): Trouble(reason: .unreachable, words: failure.detail, at: now)
        case .refused(let refusal) where refusal.status >= 500 || isNeeded && refusal.status != 429:
            Trouble(
                reason: .homeserverFailing,
                errcode: refusal.errcode,
                words: refusal.error ?? "status \(refusal.status)",
                at: now
            )
        // A page in place of an answer is a proxy's or a hotel's; one that only refuses stands before a homeserver.
        case .notMatrix(let status, let detail) where !(400..<500).contains(status) || isNeeded && status != 429:
            Trouble(reason: .homeserverFailing, words: detail, at: now)
        case .refused, .notMatrix, .authenticationRequired: nil
        }
    }

    /// What a refusal says about the user, whatever was asked for; nil where it says nothing of the kind.
    static func standing(_ refusal: MatrixError.Refusal, at now: Moment) -> Trouble? {
        guard refusal.isAboutUser else { return nil }
        let reason: Reason =
            refusal.isLocked ? .userLocked : refusal.isSuspended ? .userSuspended : .userDeactivated
        return Trouble(reason: reason, errcode: refusal.errcode, words: refusal.error, at: now)
    }
}
