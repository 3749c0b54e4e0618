import FoundationEssentials

/// User-interactive authentication: what each stage asks for, and the pages for the browser.
extension Homeserver {
    /// Returns once UIA has proved that the account's owner asked for this.
    mutating func confirm(_ request: Request, _ body: [String: JSON], by account: String) throws(Answer) {
        let (passwords, options) = (passwords, options)
        let proved = try authentication.account(
            provedBy: body,
            for: .init(method: request.method, path: request.path),
            .init(flows: options.flows, params: Self.params(of: options.flows, baseURL))
        ) { auth throws(Answer) in
            try Self.verdict(on: auth, passwords, options)
        }
        guard proved == nil || proved == account else { throw .refused(403, "M_FORBIDDEN", "Invalid auth") }
    }

    private static func verdict(
        on auth: [String: JSON],
        _ passwords: Passwords,
        _ options: DevHomeserver.Options
    ) throws(Answer) -> UserInteractiveAuth.Verdict {
        func asked(_ stage: String, _ answer: JSON?, _ error: String) -> UserInteractiveAuth.Verdict {
            answer == .string(options.stageAnswer)
                ? .passed(stage: stage) : .refused(errcode: "M_UNAUTHORIZED", error: error)
        }
        switch auth["type"]?.string {
        case let stage? where ["m.login.dummy", "m.login.terms"].contains(stage):
            return .passed(stage: stage)
        case let stage? where stage == "m.login.registration_token":
            return asked(stage, auth["token"], "Invalid registration token")
        case let stage? where stage == "m.login.recaptcha":
            return asked(stage, auth["response"], "Captcha authentication failed")
        case let stage? where ["m.login.email.identity", "m.login.msisdn"].contains(stage):
            return asked(stage, auth["threepid_creds"]?.object?["sid"], "Unable to get validated threepid")
        default:
            guard let account = try passwords.account(provedBy: auth, on: options.serverName) else {
                return .refused(errcode: "M_FORBIDDEN", error: "Invalid username or password")
            }
            return .passed(stage: "m.login.password", account: account)
        }
    }

    private static func params(of flows: [[String]], _ baseURL: String) -> [String: JSON] {
        var params: [String: JSON] = [:]
        let stages = Set(flows.joined())
        if stages.contains("m.login.terms") {
            let text: JSON = ["name": "Terms and Conditions", "url": .string("\(baseURL)_matrix/consent?v=1.0")]
            params["m.login.terms"] = ["policies": ["privacy_policy": ["version": "1.0", "en": text]]]
        }
        if stages.contains("m.login.recaptcha") { params["m.login.recaptcha"] = ["public_key": "none"] }
        return params
    }

    /// The page on which a stage is done by somebody with a browser; following its one link does it.
    mutating func fallbackPage(for stage: String, _ request: Request) throws(Answer) -> Answer {
        guard !["m.login.password", "m.login.dummy"].contains(stage) else {
            throw .refused(404, "M_UNKNOWN", "Unknown auth stage type")
        }
        guard let session = request.query["session"] else {
            throw .refused(400, "M_MISSING_PARAM", "Missing string query parameter session")
        }
        try authentication.requireSession(session)
        let isSingleSignOn = stage == "m.login.sso"
        if isSingleSignOn, options.identityProviders.isEmpty {
            throw .refused(400, "M_UNKNOWN", "User has no SSO identities")
        }
        guard request.query["confirmed"] == "yes" else {
            let link = "\(baseURL.dropLast())\(request.path)?confirmed=yes&amp;session=\(session)"
            return .page("Confirm it's you", "<a href=\"\(link)\" class=\"primary-button\">Continue</a>")
        }
        let account = isSingleSignOn ? options.identityProviders.first?.localpart : nil
        authentication.complete(stage, of: session, account: account)
        return .page("Authentication successful", "You can close this window and return to the application.")
    }
}

/// Single sign-on.
extension Homeserver {
    /// Sends the browser back to the client, with a login token among what the client's address had already.
    mutating func signIn(by id: String?, _ request: Request, at now: Instant) throws(Answer) -> Answer {
        guard let redirectURL = request.query["redirectUrl"] else {
            throw .refused(400, "M_MISSING_PARAM", "Missing string query parameter redirectUrl")
        }
        guard let provider = options.identityProviders.first(where: { id == nil || $0.id == id }) else {
            throw .refused(404, "M_NOT_FOUND", "Unknown identity provider")
        }
        guard var address = URLComponents(string: redirectURL) else {
            throw .refused(400, "M_INVALID_PARAM", "redirectUrl is no URL")
        }
        let token = tokens.mintLoginToken(for: provider.localpart, at: now, living: .seconds(120))
        address.percentEncodedQueryItems =
            (address.percentEncodedQueryItems ?? []) + [
                URLQueryItem(name: "loginToken", value: token)
            ]
        return .found(address.string ?? redirectURL)
    }
}
