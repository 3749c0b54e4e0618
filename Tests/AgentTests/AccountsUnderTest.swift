import DevHomeserver
import JetonAPI
import Logging
import MatrixClient
import NIOPosix
import Synchronization
import Testing
import Vault

@testable import Agent

/// The accounts of an agent at a small homeserver of their own, which share a clock that stands still. The alarm never
/// rings by itself: what it was set to is written down.
final class AccountsUnderTest: Sendable {
    let alice = "@alice:localhost"
    let clock = TestClock()
    let server: DevHomeserver
    let address: HomeserverAddress
    let transport: HTTPTransport
    let folder: StateFolder
    let accounts: Accounts
    private let log: Log
    private let temporary: TemporaryFolder

    /// What the accounts have asked for and told.
    final class Log: Sendable {
        let alarm = Mutex<Duration?>(nil)
        let watches = Mutex(false)
        let states = Mutex<[Account.State]>([])
    }

    init(life: Duration? = .seconds(300), edit: (inout DevHomeserver.Options) -> Void = { _ in }) async throws {
        let (clock, log, born) = (clock, Log(), ContinuousClock.now)
        var options = DevHomeserver.Options()
        options.accessTokenLifetime = life
        edit(&options)
        server = DevHomeserver(options: options) { born.advanced(by: TestClock.noon.duration(to: clock.now)) }
        await server.add(user: "alice", password: "canary-alice")
        address = try HomeserverAddress(await server.start())
        transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton)
        temporary = try TemporaryFolder()
        folder = try StateFolder(path: "\(temporary.path)/state")
        self.log = log
        accounts = try Accounts(
            folder: folder,
            transport: transport,
            ties: .init(
                clock: { clock.now },
                chance: { 0 },
                setAlarm: { wait in log.alarm.withLock { $0 = wait } },
                watchNetwork: { isWanted in log.watches.withLock { $0 = isWanted } },
                countChanged: { _ in },
                accountChanged: { account in log.states.withLock { $0.append(account.state) } },
                happened: { _, _ in }
            ),
            logger: Logger(label: "test")
        )
        try await signIn()
    }

    func signIn(_ user: String = "alice") async throws {
        let askedAt = clock.now
        let begun = try await MatrixClient(homeserver: address, transport: transport)
            .logIn(.password(user: user, Secret("canary-\(user)")))
        var session = SessionRecord(
            userId: begun.userId,
            deviceId: begun.deviceId,
            signInId: "i-\(clock.now)",
            homeserver: address,
            accessToken: begun.accessToken,
            refreshToken: begun.refreshToken
        )
        session.accessTokenLifeMs = begun.expiresInMs
        session.accessTokenExpiresAt = begun.expiresInMs.map { askedAt.advanced(by: .milliseconds($0)) }
        try await accounts.keep(session)
    }

    deinit {
        // They serve until they are stopped, whoever holds them, and whether the test has failed or not.
        Task { [server, transport] in
            await server.stop()
            try? await transport.shutdown()
        }
    }

    /// A watch on devices; nobody hears of it where there are no events.
    func redemptions(
        _ book: MintBook,
        _ events: EventHub? = nil,
        pause: @escaping Pause = { _ in throw CancellationError() }
    ) -> RedemptionWatch {
        let clock = clock
        return RedemptionWatch(
            accounts: accounts,
            book: book,
            events: events ?? EventHub(metrics: Metrics(since: clock.now), clock: { clock.now }),
            clock: { clock.now },
            pause: pause,
            logger: Logger(label: "test")
        )
    }

    /// What the alarm is set to.
    var alarm: Duration? { log.alarm.withLock { $0 } }
    var watchesNetwork: Bool { log.watches.withLock { $0 } }
    /// The states that were told, in order.
    var states: [Account.State] { log.states.withLock { $0 } }

    var account: Account { get async throws { try await accounts.account(alice) } }
    /// What lies on the disk.
    var saved: SessionRecord? {
        get throws { try StateFile<SessionRecord>(SessionRecord.fileName(of: alice), in: folder).load() }
    }

    var renewals: Int { get async { await server.seenRequests.count { $0.path.hasSuffix("/refresh") } } }

    /// Lets the time come that the alarm was set to, and waits for what that begins.
    func ring() async throws {
        clock.advance(by: try #require(alarm))
        await accounts.renewWhatIsDue()
        await accounts.finish()
    }

    func capability() async throws -> Bool? {
        try await accounts.authorized(alice) { client, accessToken throws(MatrixError) in
            try await client.loginTokenCapability(accessToken)
        }
    }

    /// Why a request is not even made.
    func refusal() async throws -> AgentError {
        let failure = await #expect(throws: SessionFailure.self) { try await capability() }
        return try #require(failure).agentError(at: address)
    }

    static let refreshPath = "/_matrix/client/v3/refresh"

    /// Makes the homeserver answer renewals so; nil: as it should.
    func answerRenewals(_ status: Int?, _ body: String = "{}", headers: [String: String] = [:]) async {
        await server.misbehave(
            on: Self.refreshPath,
            status.map { .answer(status: $0, contentType: "application/json", body: body, headers: headers) }
        )
    }
}
