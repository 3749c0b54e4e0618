public import JetonAPI
public import Logging
public import MatrixClient
public import SSOCallback
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
        /// Lets `renewWhatIsDue` be called after so long, and not as was said before; nil: not at all.
        public var setAlarm: @Sendable (Duration?) -> Void
        /// Lets `networkHasChanged` be called each time it has, or no more.
        public var watchNetwork: @Sendable (Bool) -> Void
        /// The way to the user.
        public var prompter: Prompter
        /// How the agent waits for a moment.
        public var pause: Pause
        /// The clients on this machine that wait to be signed in.
        public var loopback: Loopback
        public var desktop: Desktop

        public init(
            pid: Int,
            supervised: Supervision,
            protections: @escaping @Sendable () -> Protections,
            accountCountChanged: @escaping @Sendable (Int) -> Void,
            setAlarm: @escaping @Sendable (Duration?) -> Void,
            watchNetwork: @escaping @Sendable (Bool) -> Void,
            prompter: Prompter,
            pause: @escaping Pause,
            loopback: Loopback,
            desktop: Desktop
        ) {
            self.pid = pid
            self.supervised = supervised
            self.protections = protections
            self.accountCountChanged = accountCountChanged
            self.setAlarm = setAlarm
            self.watchNetwork = watchNetwork
            self.prompter = prompter
            self.pause = pause
            self.loopback = loopback
            self.desktop = desktop
        }
    }

    let current: CurrentConfiguration
    let accounts: Accounts
    let locks: Locks
    let book: MintBook
    let consents: Consents
    let userLock: UserLock
    let minter: Minter
    let patientMinter: PatientMinter
    let handingOver: HandingOver
    let events: EventHub
    let expiries: ExpiryWatch
    public let metrics: Metrics
    let signingIn: SigningIn
    let signingOut: SigningOut
    let ssoLogins: SSOLogins
    let support: Support
    let devices: Devices
    let store: Store
    let redemptions: RedemptionWatch
    let stopping: Stop
    let startedAt: Moment
    let surroundings: Surroundings
    let logger: Logger

    /// Loads the state. This blocks, as it reads files.
    /// - Parameters:
    ///   - configuration: what the user has set.
    ///   - folder: where sessions, limits and ledger lie.
    ///   - transport: the way to homeservers.
    ///   - listen: waits on loopback, at a path and for so long, for the browser that an SSO login sends back.
    ///   - surroundings: the process that this runs in.
    ///   - clock: wall time.
    ///   - logger: never told a secret.
    /// - Throws: what is wrong with the state folder.
    public init(
        configuration: Configuration,
        folder: StateFolder,
        transport: HTTPTransport,
        listen: @escaping @Sendable (_ path: String, _ life: Duration) async throws -> CallbackListener,
        surroundings: Surroundings,
        clock: @escaping @Sendable () -> Moment = { .now },
        logger: Logger
    ) throws(StorageProblem) {
        let metrics = Metrics(since: clock())
        let current = CurrentConfiguration(configuration)
        self.current = current
        let notices = DesktopNotices(
            desktop: surroundings.desktop,
            isWanted: { current.now.notifications },
            logger: logger
        )
        let events = EventHub(metrics: metrics, clock: clock) { notices.tell($0) }
        self.metrics = metrics
        self.events = events
        accounts = try Accounts(
            folder: folder,
            transport: transport,
            ties: .init(
                clock: clock,
                chance: { .random(in: 0...1) },
                setAlarm: surroundings.setAlarm,
                watchNetwork: surroundings.watchNetwork,
                countChanged: surroundings.accountCountChanged,
                accountChanged: { events.publish(AccountStateChanged(account: $0.userId, state: $0.state)) },
                happened: { Self.tell($0, $1, events, metrics) }
            ),
            logger: logger
        )
        let consents = Consents(events: events, pause: surroundings.pause)
        self.consents = consents
        locks = Locks(
            followsScreen: { current.now.lockWithScreen },
            consents: consents,
            events: events,
            logger: logger
        )
        let stopping = Stop()
        self.stopping = stopping
        let desk = PromptDesk(surroundings.prompter, pause: surroundings.pause, stop: stopping)
        userLock = try UserLock(
            folder: folder,
            locks: locks,
            desk: desk,
            consents: consents,
            promptTimeoutMs: { current.now.promptTimeoutMs },
            clock: clock
        )
        book = try MintBook(folder: folder, quotas: configuration.quotas, clock: clock)
        store = Store(folder: folder, setting: { current.now.storage }, locks: locks, logger: logger)
        support = Support(accounts: accounts, transport: transport, clock: clock)
        redemptions = RedemptionWatch(
            accounts: accounts,
            book: book,
            events: events,
            clock: clock,
            pause: surroundings.pause,
            logger: logger
        )
        minter = Minter(
            accounts: accounts,
            locks: locks,
            book: book,
            support: support,
            policy: { current.now.consent(of: $0) },
            desk: desk,
            consents: consents,
            redemptions: redemptions,
            promptTimeoutMs: { current.now.promptTimeoutMs },
            clock: clock,
            logger: logger
        )
        ssoLogins = SSOLogins(listen: listen, clock: clock)
        expiries = ExpiryWatch(book: book, events: events, pause: surroundings.pause, clock: clock)
        patientMinter = PatientMinter(
            minter: minter,
            book: book,
            events: events,
            expiries: expiries,
            metrics: metrics,
            pause: surroundings.pause,
            stop: stopping,
            logger: logger
        )
        handingOver = HandingOver(
            accounts: accounts,
            patientMinter: patientMinter,
            loopback: surroundings.loopback,
            desktop: surroundings.desktop,
            transport: transport,
            logger: logger
        )
        signingIn = SigningIn(
            accounts: accounts,
            book: book,
            support: support,
            ssoLogins: ssoLogins,
            transport: transport,
            clock: clock,
            logger: logger
        )
        signingOut = SigningOut(accounts: accounts, support: support, transport: transport, logger: logger)
        devices = Devices(
            accounts: accounts,
            locks: locks,
            support: support,
            book: book,
            policy: { current.now.consent(of: $0) },
            desk: desk,
            consents: consents,
            promptTimeoutMs: { current.now.promptTimeoutMs },
            clock: clock,
            logger: logger
        )
        startedAt = clock()
        self.surroundings = surroundings
        self.logger = logger
    }

    /// Renews the sessions whose time has come. Call it once the agent serves, and when the alarm rings.
    public func renewWhatIsDue() async { await accounts.renewWhatIsDue() }

    /// Goes on looking who redeems the login tokens that live. Call it once the agent serves.
    public func watchWhatLives() async { await redemptions.resume() }

    /// Looks again for homeservers that were away. Call it when the network has changed.
    public func networkHasChanged() async { await accounts.networkHasChanged() }

    /// Looks at once at what may have become due or come back. Call it when the machine was asleep.
    public func machineWoke() async {
        await accounts.networkHasChanged()
        // The clock of its pauses stood still.
        await expiries.plan()
    }

    /// Begins nothing unasked any more, and waits for no browser.
    public func stop() async {
        await ssoLogins.endAll()
        await redemptions.stop()
        await accounts.stop()
    }

    /// Waits for the renewals under way; they end soon, as each has a deadline.
    public func finish() async { await accounts.finish() }

    /// How many accounts are held: for the service manager's status line.
    public var accountCount: Int { get async { await accounts.userIds.count } }
}
