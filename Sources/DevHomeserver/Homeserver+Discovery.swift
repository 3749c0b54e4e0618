/// What the server says about itself.
extension Homeserver {
    var wellKnown: [String: JSON] { ["m.homeserver": ["base_url": .string(baseURL)]] }

    /// Needs no access token, but refuses a bad one.
    mutating func versions(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        if try request.accessToken() != nil {
            _ = try owner(of: request, at: now)
        }
        let releases = ["r0.0.1", "r0.1.0", "r0.2.0", "r0.3.0", "r0.4.0", "r0.5.0", "r0.6.0", "r0.6.1"]
        let versions = releases + (1...15).map { "v1.\($0)" }
        return .ok([
            "versions": .array(versions.map(JSON.string)),
            "unstable_features": ["org.matrix.msc3882": .bool(options.offersLoginTokens)],
        ])
    }

    mutating func capabilities(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        _ = try owner(of: request, at: now)
        let enabled: JSON = ["enabled": true]
        let roomVersions = (1...12).map { (String($0), JSON.string("stable")) }
        return .ok([
            "capabilities": [
                "m.get_login_token": ["enabled": .bool(options.offersLoginTokens)],
                "m.change_password": enabled,
                "m.set_displayname": enabled,
                "m.set_avatar_url": enabled,
                "m.3pid_changes": enabled,
                "m.profile_fields": enabled,
                "m.room_versions": [
                    "default": "12",
                    "available": .object(Dictionary(uniqueKeysWithValues: roomVersions)),
                ],
                "org.matrix.msc4140.delayed_events": ["max_delay_ms": 0, "max_scheduled": 100],
            ]
        ])
    }
}
