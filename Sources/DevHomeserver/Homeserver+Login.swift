/// Sessions: how they begin and how they are renewed.
extension Homeserver {
    func loginFlows() -> Answer {
        var flows: [JSON] = []
        if !options.identityProviders.isEmpty {
            if options.identityProviders.contains(where: { $0.id == "cas" }) { flows.append(["type": "m.login.cas"]) }
            let providers = options.identityProviders.map {
                JSON.object(["id": .string($0.id), "name": .string($0.name)])
            }
            flows.append(["type": "m.login.sso", "identity_providers": .array(providers)])
        }
        if options.offersLoginTokens {
            flows.append(["type": "m.login.token", "get_login_token": true])
        } else if !options.identityProviders.isEmpty {
            flows.append(["type": "m.login.token"])
        }
        flows += [["type": "m.login.password"], ["type": "m.login.application_service"]]
        return .ok(["flows": .array(flows)])
    }

    mutating func logIn(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        let body = try request.members()
        let wantsRefresh = body["refresh_token"] ?? false
        guard case .bool(let wantsRefresh) = wantsRefresh else {
            throw .refused(400, "M_UNKNOWN", "`refresh_token` should be true or false.")
        }
        let account = try account(openedBy: body, at: now)
        if locked.contains(account) { throw .locked }
        if deactivated.contains(account) {
            throw .refused(403, "M_USER_DEACTIVATED", "This account has been deactivated")
        }
        let owner = TokenStore.Owner(
            account: account,
            device: body["device_id"]?.string ?? OpaqueString.deviceID()
        )
        devices.add(owner, displayName: body["initial_device_display_name"]?.string)

        let refreshable = wantsRefresh && options.offersRefresh
        let lifetime = refreshable ? options.accessTokenLifetime : options.nonRefreshableLifetime
        let pair = tokens.issue(to: owner, until: lifetime.map(now.advanced(by:)), refreshable: refreshable)
        var members = Self.members(of: pair, living: lifetime)
        members["user_id"] = .string(userID(account))
        members["home_server"] = .string(options.serverName)
        members["device_id"] = .string(owner.device)
        members["well_known"] = .object(wellKnown)
        return .ok(members)
    }

    private mutating func account(openedBy body: [String: JSON], at now: Instant) throws(Answer) -> String {
        guard let type = body["type"] else { throw .refused(400, "M_UNKNOWN", "Missing JSON keys.") }
        guard type == "m.login.token" else {
            guard let account = try passwords.account(provedBy: body, on: options.serverName) else {
                throw .refused(403, "M_FORBIDDEN", "Invalid username or password")
            }
            return account
        }
        guard let token = body["token"] else { throw .refused(400, "M_UNKNOWN", "Missing JSON keys.") }
        guard let account = token.string.flatMap({ tokens.redeem($0, at: now) }) else {
            throw .refused(403, "M_FORBIDDEN", "Invalid login token")
        }
        return account
    }

    mutating func refresh(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        let body = try request.members()
        guard let member = body["refresh_token"] else {
            throw .refused(400, "M_MISSING_PARAM", "Missing params: ['refresh_token']")
        }
        guard let token = member.string else {
            throw .refused(400, "M_INVALID_PARAM", "Invalid param: refresh_token")
        }
        let lifetime = options.accessTokenLifetime
        let pair = try tokens.rotate(token, until: lifetime.map(now.advanced(by:)))
        return .ok(Self.members(of: pair, living: lifetime))
    }

    private static func members(of pair: TokenStore.Pair, living lifetime: Duration?) -> [String: JSON] {
        var members: [String: JSON] = ["access_token": .string(pair.access)]
        members["refresh_token"] = pair.refresh.map(JSON.string)
        members["expires_in_ms"] = lifetime.map { .int($0.milliseconds) }
        return members
    }
}
