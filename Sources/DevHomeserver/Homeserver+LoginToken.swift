/// `POST /_matrix/client/v1/login/get_token`, what all of this is for.
extension Homeserver {
    mutating func mintLoginToken(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        let account = try owner(of: request, at: now).account
        let body = try request.members()
        if options.asksBeforeMinting {
            try confirm(request, body, by: account)
        }
        // Only now, as on Synapse: a limited client has authenticated in vain.
        try takeMint(for: account, at: now)
        let lifetime = options.loginTokenLifetime
        let token = tokens.mintLoginToken(for: account, at: now, living: lifetime)
        return .ok([
            "login_token": .string(token),
            "expires_in": .int(lifetime.milliseconds / 1000),
            "expires_in_ms": .int(lifetime.milliseconds),
        ])
    }

    private mutating func takeMint(for account: String, at now: Instant) throws(Answer) {
        if let last = lastMints[account] {
            let wait = now.duration(to: last.advanced(by: options.mintInterval))
            guard wait <= .zero else { throw .limited(for: wait) }
        }
        lastMints[account] = now
    }
}
