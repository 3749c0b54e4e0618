/// Sessions: who has them and how they end.
extension Homeserver {
    mutating func whoAmI(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        let owner = try owner(of: request, at: now)
        var members: [String: JSON] = ["user_id": .string(userID(owner.account)), "is_guest": false]
        if !owner.device.isEmpty { members["device_id"] = .string(owner.device) }
        return .ok(members)
    }

    /// An expired access token is good enough to log out with.
    mutating func logOut(_ request: Request, everywhere: Bool, at now: Instant) throws(Answer) -> Answer {
        let owner = try owner(of: request, at: now, acceptsExpired: true)
        end(owner.account, device: everywhere ? nil : owner.device)
        return .ok()
    }

    mutating func listDevices(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        let account = try owner(of: request, at: now).account
        let list = devices.devices(of: account).map { device -> JSON in
            [
                "user_id": .string(userID(account)),
                "device_id": .string(device.owner.device),
                "display_name": device.displayName.map(JSON.string) ?? .null,
                "last_seen_ts": device.seen.map { .int(unixMilliseconds(at: $0.at)) } ?? .null,
                "last_seen_ip": device.seen.map { .string($0.from) } ?? .null,
            ]
        }
        return .ok(["devices": .array(list)])
    }

    mutating func deleteDevice(_ device: String, _ request: Request, at now: Instant) throws(Answer) -> Answer {
        let account = try owner(of: request, at: now).account
        // Clients older than UIA send no body here.
        let body = request.body?.isEmpty == true ? [:] : try request.members()
        if options.asksBeforeSigningOut { try confirm(request, body, by: account) }
        end(account, device: device)
        return .ok()
    }

    mutating func end(_ account: String, device: String?) {
        tokens.revoke(account: account, device: device)
        devices.remove(account: account, device: device)
    }

    private func unixMilliseconds(at moment: Instant) -> Int {
        born.unixMilliseconds + born.at.duration(to: moment).milliseconds
    }
}
