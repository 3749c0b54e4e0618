internal import JetonAPI
internal import Logging
internal import MatrixClient
internal import Vault

/// The sessions that the agent holds: what is kept of them, and which one a request means.
actor Accounts {
    /// What the agent around it provides, and wants to know.
    struct Ties: Sendable {
        let clock: @Sendable () -> Moment
        /// From 0 to 1, drawn anew each time.
        let chance: @Sendable () -> Double
        /// Lets `renewWhatIsDue` be called after so long; nil: not at all.
        let setAlarm: @Sendable (Duration?) -> Void
        /// Lets `networkHasChanged` be called, or no more, each time it has.
        let watchNetwork: @Sendable (Bool) -> Void
        let countChanged: @Sendable (Int) -> Void
        /// Called with an account whose state or cause has changed, as the API tells it.
        let accountChanged: @Sendable (Account) -> Void
        /// Called with what else has happened to a session.
        let happened: @Sendable (String, News) -> Void
    }

    /// What happens to a session, besides changes of its state.
    enum News: Sendable {
        case loggedIn
        case loggedOut
        case renewed(expiresAt: Moment?)
        case notRenewed
    }

    let transport: HTTPTransport
    let ties: Ties
    let logger: Logger
    private(set) var sessions: [String: SessionRecord] = [:]
    /// When each session is renewed that can be.
    var schedules: [String: RenewalSchedule] = [:]
    /// Renewals under way: see `Accounts+Renewal.swift`.
    var renewals: [String: SharedWork<Secret>] = [:]
    /// Pairs that the homeserver has given and the disk has not taken; it may take the old ones no more.
    var unsaved: [String: UnsavedPair] = [:]
    /// What keeps homeservers from answering; of the moment, so it is not on the disk.
    var outages: [String: Trouble] = [:]
    /// What was told last of each account.
    private var told: [String: Trouble.Reason?] = [:]
    var watchesNetwork = false
    /// Nothing is begun any more that nobody asks for.
    var isStopping = false
    /// One at a time begins a session of an account, or ends it, together with what the homeserver does for it.
    let passage = AccountGate()
    private let folder: StateFolder
    private let changes = AccountGate()
    private let defaultFile: StateFile<DefaultAccount>
    private var defaultAccount: String?

    /// Loads what is on the disk, and plans what follows from it. This blocks.
    init(
        folder: StateFolder,
        transport: HTTPTransport,
        ties: Ties,
        logger: Logger
    ) throws(StorageProblem) {
        self.folder = folder
        self.transport = transport
        self.ties = ties
        self.logger = logger
        for name in try folder.names(endingIn: SessionRecord.fileSuffix) {
            guard let session = try StateFile<SessionRecord>(name, in: folder).load() else { continue }
            guard session.fileName == name else {
                let detail = "holds the session of \(session.userId), which belongs into \(session.fileName); rename it"
                throw StorageProblem(path: "\(folder.path)/\(name)", detail: detail)
            }
            sessions[session.userId] = session
            schedules[session.userId] = RenewalSchedule(of: session)
            told[session.userId] = .some(session.trouble?.reason)
        }
        defaultFile = StateFile("default.json", in: folder)
        defaultAccount = try defaultFile.load()?.userId
    }

    var userIds: [String] { sessions.keys.sorted() }

    func session(of account: String) -> SessionRecord? { sessions[account] }

    func account(_ userId: String) throws(AgentError) -> Account {
        guard let session = sessions[userId] else { throw .unknownAccount(userId, known: userIds) }
        return describe(session)
    }

    func list() -> [Account] { userIds.compactMap { sessions[$0].map(describe) } }

    private func describe(_ session: SessionRecord) -> Account {
        let trouble = session.trouble ?? outages[session.userId]
        return Account(
            userId: session.userId,
            deviceId: session.deviceId,
            homeserver: session.homeserver.description,
            state: trouble?.state ?? .active,
            cause: trouble?.cause(of: session.userId, at: session.homeserver.description),
            isDefault: session.userId == usualAccount,
            accessTokenExpiresAt: session.accessTokenExpiresAt,
            loginTokens: .init(
                supported: session.support == .available,
                reason: session.support,
                accountManagementUrl: session.accountManagementUrl
            )
        )
    }

    /// Puts a session on the disk and uses it from then on.
    /// - Returns: the one that was held until then.
    @discardableResult
    func keep(_ session: SessionRecord) async throws(AgentError) -> SessionRecord? {
        var former: SessionRecord?
        try await change(session.userId) { current in
            former = current
            return session
        }
        heard(from: session.userId)
        ties.happened(session.userId, .loggedIn)
        return former
    }

    /// Forgets a session, unless the user has signed in anew since it was looked at.
    func forget(_ session: SessionRecord) async throws(AgentError) {
        let account = session.userId
        guard sessions[account]?.signInId == session.signInId else { return }
        // First of all: an account that is signed in to again later was not chosen again.
        try await changeDefault { $0 == account ? nil : $0 }
        try await change(account) { $0?.signInId == session.signInId ? nil : $0 }
        guard sessions[account] == nil else { return }
        (outages[account], told[account], unsaved[account]) = (nil, nil, nil)
        plan()
        ties.happened(account, .loggedOut)
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
            if new?.renewalTerms != old?.renewalTerms {
                schedules[account] = new.flatMap { RenewalSchedule(of: $0) }
                plan()
            }
            if (old == nil) != (new == nil) { ties.countChanged(sessions.count) }
            announce(account)
        }
    }

    /// The one place where a change of state is told; it does so once, however often it is called.
    func announce(_ account: String) {
        guard let session = sessions[account] else { return }
        let account = describe(session)
        guard told[account.userId] != .some(account.cause?.reason) else { return }
        told[account.userId] = .some(account.cause?.reason)
        logger.info(
            "an account has changed its state",
            metadata: [
                "event": "account.state", "account": "\(account.userId)", "state": "\(account.state.rawValue)",
                "cause": "\(account.cause?.detail ?? "none")",
            ]
        )
        ties.accountChanged(account)
    }
}

/// The account that requests mean which name none.
struct DefaultAccount: Codable, Sendable, Equatable {
    var userId: String
}

extension Accounts {
    /// The only account, or the one that was chosen.
    private var usualAccount: String? {
        if sessions.count == 1 { return sessions.keys.first }
        return defaultAccount.flatMap { sessions[$0]?.userId }
    }

    /// The account that a request means.
    func find(_ account: String?) throws(AgentError) -> String {
        if let account {
            if sessions[account] != nil { return account }
            guard UserID(account) != nil else { throw .incompleteAccount(account, known: userIds) }
            throw .unknownAccount(account, known: userIds)
        }
        if let usualAccount { return usualAccount }
        guard sessions.isEmpty else { throw .ambiguousAccount(userIds) }
        throw .notLoggedIn()
    }

    /// Chooses the default account.
    func setDefault(_ account: String) async throws(AgentError) { try await changeDefault { _ in account } }

    /// The one way to change the default account: by what it is when its turn has come.
    private func changeDefault(_ edit: (String?) -> String?) async throws(AgentError) {
        // No account has this name: what is waited for here is the file.
        try await changes.pass(defaultFile.name) { () async throws(AgentError) in
            let account = edit(defaultAccount)
            guard account != defaultAccount else { return }
            do throws(StorageProblem) {
                if let account {
                    try await defaultFile.save(DefaultAccount(userId: account))
                } else {
                    try await defaultFile.remove()
                }
            } catch {
                throw .storageFailed(error)
            }
            defaultAccount = account
        }
    }
}
