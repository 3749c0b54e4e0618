internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Begins sessions.
struct SigningIn: Sendable {
    let accounts: Accounts
    let book: MintBook
    let support: Support
    let ssoLogins: SSOLogins
    let transport: HTTPTransport
    let clock: @Sendable () -> Moment
    let logger: Logger

    func logIn(_ request: LogIn) async throws(AgentError) -> Account {
        let credentials = try LoginCredentials(request)
        let homeserver = try await homeserver(named: request.homeserver, of: request.userId)
        let client = MatrixClient(homeserver: homeserver, transport: transport)
        let terms = LoginTerms(request)
        // What can be known before is known before a password is sent.
        if case .password = credentials {
            try await requireOffer(of: "m.login.password", at: client, terms)
        } else {
            try await requireOffer(at: client, terms)
        }
        return try await begin(with: credentials, terms, client)
    }

    /// Begins a session and keeps it.
    func begin(
        with credentials: LoginCredentials,
        _ terms: LoginTerms,
        _ client: MatrixClient
    ) async throws(AgentError) -> Account {
        // Unstructured: a session that the homeserver has begun is kept, even if the caller goes away meanwhile.
        let beginning = Task { () async -> Result<String, AgentError> in
            do throws(AgentError) {
                let (session, isNew) = try await hold(by: credentials, terms, client)
                logger.notice("signed in", metadata: ["event": "account.login", "account": "\(session.userId)"])
                try await requireMinting(session, by: credentials, terms, isNew: isNew)
                return .success(session.userId)
            } catch {
                return .failure(error)
            }
        }
        return try await accounts.account(try await beginning.value.get())
    }

    /// Where a user signs in: at the homeserver that is named, or at that of the user id.
    func homeserver(named text: String?, of userId: String?) async throws(AgentError) -> HomeserverAddress {
        if let text {
            // A bare name is that of a server, as in user ids; all else is the very address.
            let isServerName = !text.contains(":") && !text.contains("/") && !text.isEmpty
            return isServerName ? try await homeserver(ofServer: text) : try .named(text)
        }
        guard let userId else { throw .invalidParams("user_id or homeserver must be given", field: "user_id") }
        guard let parts = UserID(userId) else {
            throw .invalidParams(
                "user_id must look like @alice:example.org where no homeserver is given",
                field: "user_id"
            )
        }
        return try await homeserver(ofServer: parts.serverName)
    }

    private func homeserver(ofServer name: String) async throws(AgentError) -> HomeserverAddress {
        do {
            return try await Discovery(transport: transport).homeserver(of: name)
        } catch {
            throw AgentError(error, of: name)
        }
    }

    /// Begins a session and holds it. Whoever signs in to an account that is held here goes on with its device, so
    /// nobody else may begin or end a session of it meanwhile.
    private func hold(
        by credentials: LoginCredentials,
        _ terms: LoginTerms,
        _ client: MatrixClient
    ) async throws(AgentError) -> (SessionRecord, isNew: Bool) {
        guard let known = await accounts.held(terms.userId, at: client.homeserver)?.userId else {
            let session = try await session(by: credentials, terms, client)
            return try await accounts.passage.pass(session.userId) { () async throws(AgentError) in
                (session, try await keep(session, by: credentials, terms) == nil)
            }
        }
        return try await accounts.passage.pass(known) { () async throws(AgentError) in
            let session = try await session(by: credentials, terms, client)
            return (session, try await keep(session, by: credentials, terms) == nil)
        }
    }

    /// Keeps a session; one of the same account on another device is ended, as nobody would hold it any more.
    /// - Returns: the session that was held until then.
    private func keep(
        _ session: SessionRecord,
        by credentials: LoginCredentials,
        _ terms: LoginTerms
    ) async throws(AgentError) -> SessionRecord? {
        let former: SessionRecord?
        do throws(AgentError) {
            try await requireOwn(session, asked: credentials.owner(by: terms))
            former = try await accounts.keep(session)
        } catch {
            // One that was begun for this is nobody's now; on a device that is held, it is that of the one held.
            let held = await accounts.session(of: session.userId)
            if credentials.beginSession, held?.deviceId != session.deviceId { await abandon(session) }
            throw error
        }
        if let former, former.deviceId != session.deviceId, former.ending == nil { await abandon(former) }
        return former
    }

    /// Ends a session that nobody holds.
    func abandon(_ session: SessionRecord) async {
        // Ignoring failures: the user sees that device in the list of sessions.
        try? await MatrixClient(homeserver: session.homeserver, transport: transport).logOut(session.accessToken)
    }
}

/// What a user wants of a log in, however it is proved.
struct LoginTerms: Sendable {
    /// A full user id, or where a homeserver is named its local part; nil leaves it to the homeserver.
    var userId: String?
    var deviceName: String?
    var allowsUnsupported: Bool

    init(_ request: LogIn) {
        userId = request.userId
        deviceName = request.deviceName
        allowsUnsupported = request.allowUnsupported ?? false
    }

    init(_ request: BeginSSOLogin) {
        userId = request.userId
        deviceName = request.deviceName
        allowsUnsupported = request.allowUnsupported ?? false
    }
}
