public import JetonAPI
public import Logging
public import MatrixClient
public import Vault

/// The agent: it holds sessions and mints login tokens by the rules. It knows no socket and no service manager.
public struct Agent: Sendable {
    /// What the agent tells of the process that it runs in, and cannot know itself.
    public struct Surroundings: Sendable {
        public var pid: Int
        public var supervised: Supervision
        public var protections: @Sendable () -> Protections
        /// Called with the number of accounts, each time it has changed.
        public var accountCountChanged: @Sendable (Int) -> Void

        public init(
            pid: Int,
            supervised: Supervision,
            protections: @escaping @Sendable () -> Protections,
            accountCountChanged: @escaping @Sendable (Int) -> Void
        ) {
            self.pid = pid
            self.supervised = supervised
            self.protections = protections
            self.accountCountChanged = accountCountChanged
        }
    }

    let accounts: Accounts
    let book: MintBook
    let minter: Minter
    let signingIn: SigningIn
    let support: Support
    let startedAt: Moment
    let surroundings: Surroundings

    /// Loads the state. This blocks, as it reads files.
    /// - Throws: what is wrong with the state folder.
    public init(
        configuration: Configuration,
        folder: StateFolder,
        transport: HTTPTransport,
        surroundings: Surroundings,
        clock: @escaping @Sendable () -> Moment = { .now },
        logger: Logger
    ) throws(StorageProblem) {
        accounts = try Accounts(
            folder: folder,
            transport: transport,
            clock: clock,
            countChanged: surroundings.accountCountChanged,
            logger: logger
        )
        book = try MintBook(folder: folder, quotas: configuration.quotas, clock: clock)
        support = Support(accounts: accounts, transport: transport)
        minter = Minter(
            accounts: accounts,
            book: book,
            support: support,
            policy: { configuration.consent(of: $0) },
            clock: clock,
            logger: logger
        )
        signingIn = SigningIn(
            accounts: accounts,
            support: support,
            transport: transport,
            clock: clock,
            logger: logger
        )
        startedAt = clock()
        self.surroundings = surroundings
    }

    /// How many accounts are held: for the service manager's status line.
    public var accountCount: Int { get async { await accounts.userIds.count } }
}
