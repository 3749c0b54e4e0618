internal import FoundationEssentials
internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Begins sessions.
struct SigningIn: Sendable {
    let accounts: Accounts
    let support: Support
    let transport: HTTPTransport
    let clock: @Sendable () -> Moment
    let logger: Logger

    func logIn(_ request: LogIn) async throws(AgentError) -> Account {
        guard (request.password == nil) != (request.accessToken == nil) else {
            throw .invalidParams("exactly one of password and access_token must be given", field: "password")
        }
        guard request.accessToken != nil || (request.refreshToken == nil && request.deviceId == nil) else {
            throw .invalidParams("refresh_token and device_id belong to access_token", field: "refresh_token")
        }
        for (token, field) in [(request.accessToken, "access_token"), (request.refreshToken, "refresh_token")]
        where token?.isPrintable == false {
            throw .invalidParams("\(field) must consist of visible ASCII characters", field: field)
        }
        let homeserver = try await homeserver(for: request)
        let client = MatrixClient(homeserver: homeserver, transport: transport)
        // Unstructured: a session that the homeserver has begun is kept, even if the caller goes away meanwhile.
        let beginning = Task { () async -> Result<String, AgentError> in
            do throws(AgentError) {
                let session =
                    if let accessToken = request.accessToken {
                        try await takeOver(accessToken, request, client)
                    } else {
                        try await begin(request, client)
                    }
                try await replace(with: session)
                return .success(session.userId)
            } catch {
                return .failure(error)
            }
        }
        let account = try await beginning.value.get()
        logger.notice("signed in", metadata: ["event": "account.login", "account": "\(account)"])
        // Ignoring failures: the session stands, and minting will look again.
        _ = try? await support.look(account)
        return try await accounts.account(account)
    }

    private func homeserver(for request: LogIn) async throws(AgentError) -> HomeserverAddress {
        if let text = request.homeserver {
            let named = try HomeserverAddress.named(text)
            do {
                _ = try await MatrixClient(homeserver: named, transport: transport).versions()
            } catch {
                throw AgentError(error, at: named)
            }
            return named
        }
        guard let userId = request.userId else {
            throw .invalidParams("user_id or homeserver must be given", field: "user_id")
        }
        guard let parts = UserID(userId) else {
            throw .invalidParams(
                "user_id must look like @alice:example.org where no homeserver is given",
                field: "user_id"
            )
        }
        do {
            return try await Discovery(transport: transport).homeserver(of: parts.serverName)
        } catch {
            throw AgentError(error, of: parts.serverName)
        }
    }

    private func begin(_ request: LogIn, _ client: MatrixClient) async throws(AgentError) -> SessionRecord {
        guard let user = request.userId, let password = request.password else {
            throw .invalidParams("user_id is missing", field: "user_id")
        }
        try await requirePasswordLogin(client)
        let askedAt = clock()
        // Signing in again to an account that is held here keeps its device.
        let known = await accounts.session(of: user)
        let begun: MatrixClient.Session
        do {
            begun = try await client.logIn(
                .password(user: user, password),
                deviceID: known?.deviceId,
                deviceName: request.deviceName ?? Self.usualDeviceName
            )
        } catch {
            throw AgentError(error, at: client.homeserver)
        }
        let session = SessionRecord(
            userId: begun.userId,
            deviceId: begun.deviceId,
            homeserver: client.homeserver,
            accessToken: begun.accessToken,
            refreshToken: begun.refreshToken,
            accessTokenExpiresAt: begun.expiresInMs.map { askedAt.advanced(by: .milliseconds($0)) },
            accessTokenLifeMs: begun.expiresInMs
        )
        do throws(AgentError) {
            try await requireOwn(session, asked: user)
        } catch {
            // Ignoring failures: nobody holds this session, and it is as good as over.
            try? await client.logOut(begun.accessToken)
            throw error
        }
        return session
    }

    /// What a homeserver says of whose session this is must not touch an account that lives elsewhere: the next
    /// password for that account would go to the wrong homeserver.
    private func requireOwn(_ session: SessionRecord, asked user: String?) async throws(AgentError) {
        guard UserID(session.userId) != nil else {
            throw AgentError(
                .homeserverError,
                "\(session.homeserver) gave a user id that is none.",
                ["http_status": 200]
            )
        }
        if let user, UserID(user) != nil, user != session.userId {
            let problem = "the homeserver knows \(user) as \(session.userId); sign in as that"
            throw .invalidParams(problem, field: "user_id")
        }
        if let held = await accounts.session(of: session.userId), held.homeserver != session.homeserver {
            let problem = "\(session.userId) is signed in at \(held.homeserver) here; log out there first"
            throw .invalidParams(problem, field: "homeserver")
        }
    }

    /// Keeps a session; one of the same account on another device is ended, as nobody would hold it any more.
    private func replace(with session: SessionRecord) async throws(AgentError) {
        let old = await accounts.session(of: session.userId)
        try await accounts.keep(session)
        guard let old, old.deviceId != session.deviceId, old.ending == nil else { return }
        // Ignoring failures: the user sees that device in the list of sessions.
        try? await MatrixClient(homeserver: old.homeserver, transport: transport).logOut(old.accessToken)
    }

    private func takeOver(
        _ accessToken: Secret,
        _ request: LogIn,
        _ client: MatrixClient
    ) async throws(AgentError) -> SessionRecord {
        let owner: MatrixClient.Owner
        do {
            owner = try await client.whoAmI(accessToken)
        } catch {
            throw AgentError(error, at: client.homeserver)
        }
        if let userId = request.userId, UserID(userId) != nil, userId != owner.userId {
            throw .invalidParams("the access token belongs to \(owner.userId), not to \(userId)", field: "user_id")
        }
        guard let deviceId = owner.deviceId ?? request.deviceId else {
            throw .invalidParams("device_id is missing, and the homeserver does not tell it", field: "device_id")
        }
        let session = SessionRecord(
            userId: owner.userId,
            deviceId: deviceId,
            homeserver: client.homeserver,
            accessToken: accessToken,
            refreshToken: request.refreshToken
        )
        try await requireOwn(session, asked: nil)
        return session
    }

    /// A homeserver without password login is named as what it is, before the password goes there.
    private func requirePasswordLogin(_ client: MatrixClient) async throws(AgentError) {
        let types: [String]
        do {
            types = try await client.loginFlows().types
        } catch {
            if case .unreachable = error { throw AgentError(error, at: client.homeserver) }
            types = []
        }
        if types.contains("m.login.password") { return }
        let finding = try await support.look(at: client.homeserver)
        guard finding.reason != .oauthServer else {
            throw .unsupported(.oauthServer, at: client.homeserver, url: finding.accountManagementUrl)
        }
        let offers = types.isEmpty ? "nothing" : types.joined(separator: ", ")
        throw AgentError(
            .unsupportedByHomeserver,
            "\(client.homeserver) has no sign-in by password (it offers \(offers)).",
            ["reason": .string(SupportReason.unknownServer.rawValue)]
        )
    }

    private static var usualDeviceName: String { "Jeton on \(ProcessInfo.processInfo.hostName)" }
}
