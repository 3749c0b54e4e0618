internal import FoundationEssentials
internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Begins sessions and ends them.
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
                try await accounts.keep(session)
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

    func logOut(_ request: LogOut) async throws(AgentError) {
        let account = try await accounts.find(request.account)
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        if request.localOnly != true, session.ending == nil {
            do throws(SessionFailure) {
                try await accounts.authorized(account) { client, accessToken throws(MatrixError) in
                    try await client.logOut(accessToken)
                }
            } catch {
                let reason = error.agentError(at: session.homeserver)
                guard reason.kind == .sessionExpired else { throw reason }
            }
        }
        try await accounts.forget(account)
        await support.forget(account)
        logger.notice("signed out", metadata: ["event": "account.logout", "account": "\(account)"])
    }

    private func homeserver(for request: LogIn) async throws(AgentError) -> HomeserverAddress {
        if let text = request.homeserver { return try .named(text) }
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
        if user.hasPrefix("@"), begun.userId != user {
            throw .invalidParams("the homeserver knows \(user) as \(begun.userId); sign in as that", field: "user_id")
        }
        return SessionRecord(
            userId: begun.userId,
            deviceId: begun.deviceId,
            homeserver: client.homeserver,
            accessToken: begun.accessToken,
            refreshToken: begun.refreshToken,
            accessTokenExpiresAt: begun.expiresInMs.map { askedAt.advanced(by: .milliseconds($0)) }
        )
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
        return SessionRecord(
            userId: owner.userId,
            deviceId: deviceId,
            homeserver: client.homeserver,
            accessToken: accessToken,
            refreshToken: request.refreshToken
        )
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

/// `@local:server.name`, taken apart.
struct UserID {
    let serverName: String

    init?(_ text: String) {
        guard text.hasPrefix("@"), text.utf8.count <= 255, let colon = text.firstIndex(of: ":") else { return nil }
        serverName = String(text[text.index(after: colon)...])
        if serverName.isEmpty { return nil }
    }
}

extension HomeserverAddress {
    /// - Throws: `invalid_params` for `homeserver`.
    static func named(_ text: String) throws(AgentError) -> HomeserverAddress {
        do {
            return try HomeserverAddress(text)
        } catch {
            throw .invalidParams("\(error)", field: "homeserver")
        }
    }
}

extension AgentError {
    init(_ problem: Discovery.Problem, of serverName: String) {
        switch problem {
        case .unusable(let detail):
            self = .invalidParams(
                "the homeserver of \(serverName) cannot be found: \(detail); name it in homeserver",
                field: "homeserver"
            )
        case .wrong(let detail):
            self = .invalidParams("the homeserver of \(serverName) is wrong: \(detail)", field: "user_id")
        case .failed(.unreachable(let failure)):
            self = AgentError(
                .homeserverUnreachable,
                "The homeserver of \(serverName) cannot be looked up: \(failure.detail). If you know it, name it.",
                ["stage": .string(failure.stage.rawValue), "detail": .string(failure.detail)]
            )
        case .failed:
            self = .invalidParams(
                "the homeserver of \(serverName) cannot be found; name it in homeserver",
                field: "homeserver"
            )
        }
    }
}
