import FoundationEssentials

/// The homeserver without its sockets: a request and a moment go in, an answer comes out.
///
/// The answers are those that Synapse 1.163.2 was recorded to give.
struct Homeserver {
    typealias Instant = ContinuousClock.Instant

    var options: DevHomeserver.Options
    /// With a slash at its end, as Synapse announces it.
    var baseURL = ""
    var passwords = Passwords()
    var tokens = TokenStore()
    var devices = DeviceList()
    var authentication = UserInteractiveAuth()
    var lastMints: [String: Instant] = [:]
    /// Accounts whose sessions are refused until they are unlocked.
    var locked: Set<String> = []
    var deactivated: Set<String> = []
    /// The moment from which wall time is counted, for `last_seen_ts`.
    let born: (at: Instant, unixMilliseconds: Int)

    init(options: DevHomeserver.Options, at now: Instant) {
        self.options = options
        self.born = (now, Int(Date.now.timeIntervalSince1970 * 1000))
    }

    mutating func answer(_ request: Request, at now: Instant) -> Answer {
        do throws(Answer) {
            guard request.body != nil else { throw .tooLarge }
            return try perform(request, at: now)
        } catch {
            return error
        }
    }

    private mutating func perform(_ request: Request, at now: Instant) throws(Answer) -> Answer {
        guard let resource = Resource(path: request.path), offers(resource) else {
            throw request.path.hasPrefix("/_matrix/") ? .unrecognized(404) : .noSuchResource
        }
        switch (resource, request.method) {
        case (.versions, "GET"): return try versions(request, at: now)
        case (.wellKnown, "GET"): return .ok(wellKnown)
        case (.login, "GET"): return loginFlows()
        case (.login, "POST"): return try logIn(request, at: now)
        case (.refresh, "POST"): return try refresh(request, at: now)
        case (.loginToken, "POST"): return try mintLoginToken(request, at: now)
        case (.capabilities, "GET"): return try capabilities(request, at: now)
        case (.whoami, "GET"): return try whoAmI(request, at: now)
        case (.logout, "POST"): return try logOut(request, everywhere: false, at: now)
        case (.logoutAll, "POST"): return try logOut(request, everywhere: true, at: now)
        case (.devices, "GET"): return try listDevices(request, at: now)
        case (.device(let id), "DELETE"): return try deleteDevice(id, request, at: now)
        case (.authMetadata, "GET"): return .ok(authMetadata)
        case (.singleSignOn(let provider), "GET"): return try signIn(by: provider, request, at: now)
        case (.fallbackPage(let stage), "GET"): return try fallbackPage(for: stage, request)
        default: throw .unrecognized(405)
        }
    }

    private func offers(_ resource: Resource) -> Bool {
        let isDelegated = options.oauthIssuer != nil
        return switch resource {
        case .loginToken: options.offersLoginTokens && !isDelegated
        case .refresh: options.offersRefresh && !isDelegated
        case .singleSignOn: !options.identityProviders.isEmpty && !isDelegated
        case .login, .logout, .logoutAll, .device, .fallbackPage: !isDelegated
        case .authMetadata: isDelegated
        default: true
        }
    }
}

extension Homeserver {
    /// Whose access token the request carries.
    mutating func owner(
        of request: Request,
        at now: Instant,
        acceptsExpired: Bool = false
    ) throws(Answer) -> TokenStore.Owner {
        guard let token = try request.accessToken() else {
            throw .refused(401, "M_MISSING_TOKEN", "Missing access token")
        }
        if options.oauthIssuer != nil, !tokens.knows(token) {
            throw .unknownToken("Token is not active", softLogout: false)
        }
        let owner = try tokens.use(token, at: now, acceptsExpired: acceptsExpired)
        if locked.contains(owner.account), !acceptsExpired { throw .locked }
        devices.see(owner, at: now, from: request.peer)
        return owner
    }

    func userID(_ localpart: String) -> String { "@\(localpart):\(options.serverName)" }
}
