internal import MatrixClient

/// Users by the names that they sign in with, and which of the accounts those are.
extension Accounts {
    /// The session of a user who is named by user id, or by its local part at a homeserver.
    func held(_ user: String?, at homeserver: HomeserverAddress) -> SessionRecord? {
        guard let user else { return nil }
        return sessions[user]
            ?? sessions.values.first { $0.homeserver == homeserver && UserID.isSame(user, as: $0.userId) }
    }

    /// The account whose password is tried where a user of this name signs in at this homeserver. What is at the host
    /// of a user's server name may be the same homeserver by another address, and counts as such. Not known is what
    /// else leads to it, as a domain that no user id has, or the number of its machine: guesses there are not counted.
    func tried(_ user: String?, at homeserver: HomeserverAddress) -> String? {
        if let held = held(user, at: homeserver) { return held.userId }
        guard let user else { return nil }
        return sessions.keys.first { account in
            UserID.isSame(user, as: account) && UserID(account).map { homeserver.isAtHost(of: $0.serverName) } == true
        }
    }
}
