/// Every token in circulation and the rules by which each dies.
struct TokenStore {
    typealias Instant = ContinuousClock.Instant

    /// Whose a token is.
    struct Owner: Equatable {
        var account: String
        var device: String
    }

    struct Pair {
        var access: String
        var refresh: String?
    }

    private struct Access {
        var owner: Owner
        var expiry: Instant?
        var wasUsed = false
    }

    private struct Refresh {
        var owner: Owner
        var successor: Pair?
    }

    private var accessTokens: [String: Access] = [:]
    private var refreshTokens: [String: Refresh] = [:]
    private var loginTokens: [String: (account: String, expiry: Instant)] = [:]

    mutating func issue(to owner: Owner, until expiry: Instant?, refreshable: Bool) -> Pair {
        let access = OpaqueString.accessToken(of: owner.account)
        accessTokens[access] = Access(owner: owner, expiry: expiry)
        guard refreshable else { return Pair(access: access) }
        let refresh = OpaqueString.refreshToken(of: owner.account)
        refreshTokens[refresh] = Refresh(owner: owner)
        return Pair(access: access, refresh: refresh)
    }

    /// An access token from elsewhere, which belongs to no device.
    mutating func adopt(_ access: String, of account: String) {
        accessTokens[access] = Access(owner: Owner(account: account, device: ""))
    }

    func knows(_ access: String) -> Bool { accessTokens[access] != nil }

    /// Whose the access token is; the first use ends the grace of the refresh token before it.
    mutating func use(_ access: String, at now: Instant, acceptsExpired: Bool = false) throws(Answer) -> Owner {
        guard let token = accessTokens[access] else {
            throw .unknownToken("Invalid access token passed.", softLogout: false)
        }
        if let expiry = token.expiry, expiry <= now, !acceptsExpired {
            throw .unknownToken("Access token has expired", softLogout: true)
        }
        accessTokens[access]?.wasUsed = true
        return token.owner
    }

    /// A new pair for a refresh token.
    ///
    /// A client that lost the answer may ask again until it has used the new pair; the lost pair dies then.
    mutating func rotate(_ refresh: String, until expiry: Instant?) throws(Answer) -> Pair {
        guard OpaqueString.isRefreshToken(refresh) else {
            throw .refused(401, "M_UNKNOWN_TOKEN", "invalid refresh token")
        }
        guard let token = refreshTokens[refresh] else {
            throw .refused(401, "M_UNKNOWN_TOKEN", "refresh token does not exist")
        }
        if let lost = token.successor {
            guard !isUsed(lost) else { throw .refused(403, "M_FORBIDDEN", "refresh token isn't valid anymore") }
            accessTokens[lost.access] = nil
            lost.refresh.map { refreshTokens[$0] = nil }
        }
        let pair = issue(to: token.owner, until: expiry, refreshable: true)
        refreshTokens[refresh]?.successor = pair
        return pair
    }

    private func isUsed(_ pair: Pair) -> Bool {
        accessTokens[pair.access]?.wasUsed == true || pair.refresh.flatMap { refreshTokens[$0]?.successor } != nil
    }

    mutating func mintLoginToken(for account: String, at now: Instant, living lifetime: Duration) -> String {
        loginTokens = loginTokens.filter { $0.value.expiry > now }
        let token = OpaqueString.loginToken()
        loginTokens[token] = (account, now.advanced(by: lifetime))
        return token
    }

    /// The account that a login token opens, once.
    mutating func redeem(_ loginToken: String, at now: Instant) -> String? {
        guard let found = loginTokens.removeValue(forKey: loginToken), found.expiry > now else { return nil }
        return found.account
    }

    mutating func expireAccessTokens(of account: String, at now: Instant) {
        for (token, access) in accessTokens where access.owner.account == account {
            accessTokens[token]?.expiry = now
        }
    }

    /// Ends the session on a device, or on all; login tokens live on.
    mutating func revoke(account: String, device: String? = nil) {
        func isKept(_ owner: Owner) -> Bool {
            owner.account != account || (device != nil && owner.device != device)
        }
        accessTokens = accessTokens.filter { isKept($0.value.owner) }
        refreshTokens = refreshTokens.filter { isKept($0.value.owner) }
    }
}
