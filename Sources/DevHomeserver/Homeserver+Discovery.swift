/// What the server says about itself.
extension Homeserver {
    var wellKnown: [String: JSON] {
        var members: [String: JSON] = ["m.homeserver": ["base_url": .string(baseURL)]]
        if let issuer = options.oauthIssuer {
            members["org.matrix.msc2965.authentication"] = [
                "issuer": .string(issuer), "account": .string("\(issuer)account/"),
            ]
        }
        return members
    }

    /// Where the OAuth server is, and what it can do.
    var authMetadata: [String: JSON] {
        let issuer = options.oauthIssuer ?? ""
        let addresses = [
            "issuer": "", "account_management_uri": "account/", "authorization_endpoint": "authorize",
            "token_endpoint": "oauth2/token", "jwks_uri": "jwks", "registration_endpoint": "reg",
            "revocation_endpoint": "oauth2/revoke", "introspection_endpoint": "oauth2/introspect",
        ]
        let abilities: [String: JSON] = [
            "response_types_supported": ["code"],
            "grant_types_supported": [
                "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code",
            ],
            "response_modes_supported": ["query", "fragment"],
            "code_challenge_methods_supported": ["S256"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "account_management_actions_supported": ["org.matrix.device_delete"],
        ]
        return abilities.merging(addresses.mapValues { .string(issuer + $0) }) { known, _ in known }
    }

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
        // What an OAuth server does is none of the homeserver's capabilities.
        let isOwn: JSON = ["enabled": .bool(options.oauthIssuer == nil)]
        let roomVersions = (1...12).map { (String($0), JSON.string("stable")) }
        return .ok([
            "capabilities": [
                "m.get_login_token": [
                    "enabled": .bool(options.offersLoginTokens && options.oauthIssuer == nil)
                ],
                "m.change_password": isOwn,
                "m.set_displayname": enabled,
                "m.set_avatar_url": enabled,
                "m.3pid_changes": isOwn,
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
