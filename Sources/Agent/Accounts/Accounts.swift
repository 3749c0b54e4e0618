internal import JetonAPI
internal import Logging
internal import MatrixClient
internal import Vault

/// The sessions that the agent holds, and their renewal.
actor Accounts {
    private let folder: StateFolder
    let transport: HTTPTransport
    let clock: @Sendable () -> Moment
    let logger: Logger
    private(set) var sessions: [String: SessionRecord] = [:]
    var offline: Set<String> = []
    private let changes = AccountGate()
    private let countChanged: @Sendable (Int) -> Void
    /// Those under way: see `Accounts+Renewal.swift`.
    var renewals: [String: Task<Result<Secret, AgentError>, Never>] = [:]

    init(
        folder: StateFolder,
        transport: HTTPTransport,
        clock: @escaping @Sendable () -> Moment,
        countChanged: @escaping @Sendable (Int) -> Void,
        logger: Logger
    ) throws(StorageProblem) {
        self.countChanged = countChanged
        self.folder = folder
        self.transport = transport
        self.clock = clock
        self.logger = logger
        for name in try folder.names(endingIn: SessionRecord.fileSuffix) {
            guard let session = try StateFile<SessionRecord>(name, in: folder).load() else { continue }
            guard session.fileName == name else {
                let detail = "holds the session of \(session.userId), which belongs into \(session.fileName); rename it"
                throw StorageProblem(path: "\(folder.path)/\(name)", detail: detail)
            }
            sessions[session.userId] = session
        }
    }

    var userIds: [String] { sessions.keys.sorted() }

    /// The account that a request means.
    func find(_ account: String?) throws(AgentError) -> String {
        if let account {
            guard sessions[account] != nil else { throw .unknownAccount(account, known: userIds) }
            return account
        }
        guard sessions.count < 2 else { throw .ambiguousAccount(userIds) }
        guard let only = userIds.first else { throw .notLoggedIn() }
        return only
    }

    func session(of account: String) -> SessionRecord? { sessions[account] }

    func account(_ userId: String) throws(AgentError) -> Account {
        guard let session = sessions[userId] else { throw .unknownAccount(userId, known: userIds) }
        return describe(session)
    }

    func list() -> [Account] { userIds.compactMap { sessions[$0].map(describe) } }

    private func describe(_ session: SessionRecord) -> Account {
        let state: Account.State =
            switch session.ending {
            case .softly: .signedOutSoftly
            case .forGood: .signedOut
            case nil: offline.contains(session.userId) ? .offline : .active
            }
        return Account(
            userId: session.userId,
            deviceId: session.deviceId,
            homeserver: session.homeserver.description,
            state: state,
            isDefault: sessions.count == 1,
            accessTokenExpiresAt: session.accessTokenExpiresAt,
            loginTokens: .init(
                supported: session.support == .available,
                reason: session.support,
                accountManagementUrl: session.accountManagementUrl
            )
        )
    }

    /// Puts a session on the disk and uses it from then on.
    func keep(_ session: SessionRecord) async throws(AgentError) {
        try await change(session.userId) { _ in session }
        offline.remove(session.userId)
    }

    func forget(_ account: String) async throws(AgentError) {
        try await change(account) { _ in nil }
        offline.remove(account)
    }

    /// Changes what is remembered of an account, if it is still held.
    func note(_ account: String, _ edit: (inout SessionRecord) -> Void) async throws(AgentError) {
        try await change(account) { session in
            guard var session else { return nil }
            edit(&session)
            return session
        }
    }

    /// The one way to change a session: by what it is when its turn has come, on the disk before it is used.
    private func change(
        _ account: String,
        _ edit: (SessionRecord?) -> SessionRecord?
    ) async throws(AgentError) {
        try await changes.pass(account) { () async throws(AgentError) in
            let old = sessions[account]
            let new = edit(old)
            guard new != old else { return }
            let file = StateFile<SessionRecord>(SessionRecord.fileName(of: account), in: folder)
            do throws(StorageProblem) {
                if let new { try await file.save(new) } else { try await file.remove() }
            } catch {
                throw .storageFailed(error)
            }
            sessions[account] = new
            if (old == nil) != (new == nil) { countChanged(sessions.count) }
        }
    }

    /// Makes a request in the name of an account: with a token that still lives, and once more with a new one where
    /// the homeserver refuses it.
    func authorized<Value: Sendable>(
        _ account: String,
        _ request: @Sendable (MatrixClient, Secret) async throws(MatrixError) -> Value
    ) async throws(SessionFailure) -> Value {
        let token = try await liveToken(of: account)
        do {
            return try await attempt(account, token, request)
        } catch {
            guard case .matrix(.refused(let refusal)) = error, refusal.endsSession else { throw error }
            let newer = try await renewedToken(of: account, insteadOf: token, refusal)
            do {
                return try await attempt(account, newer, request)
            } catch {
                guard case .matrix(.refused(let refusal)) = error, refusal.endsSession else { throw error }
                throw .agent(await end(account, newer, refusal))
            }
        }
    }

    private func attempt<Value: Sendable>(
        _ account: String,
        _ token: Secret,
        _ request: @Sendable (MatrixClient, Secret) async throws(MatrixError) -> Value
    ) async throws(SessionFailure) -> Value {
        guard let session = sessions[account] else { throw .agent(.notLoggedIn(account)) }
        do {
            let value = try await request(MatrixClient(homeserver: session.homeserver, transport: transport), token)
            offline.remove(account)
            return value
        } catch {
            if case .unreachable = error { offline.insert(account) } else { offline.remove(account) }
            throw .matrix(error)
        }
    }

    /// Notes that the homeserver has ended the session that `token` belongs to; a newer one is none of it.
    func end(
        _ account: String,
        _ token: Secret,
        _ refusal: MatrixError.Refusal,
        softly: Bool = false
    ) async -> AgentError {
        let ending: SessionRecord.Ending = softly || refusal.softLogout ? .softly : .forGood
        logger.warning("the homeserver has ended the session", metadata: ["account": "\(account)"])
        do throws(AgentError) {
            try await note(account) { if $0.accessToken == token { $0.ending = ending } }
        } catch {
            return error
        }
        return .sessionExpired(account, ending)
    }
}
