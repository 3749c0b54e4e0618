import DevHomeserver
import JetonAPI
import Logging
import Synchronization
import Testing

@testable import Agent

/// Waiting for limits, by requesters of the test's own. Wall time stands still, so a limit ends when the test says so.
@Suite(.timeLimit(.minutes(5))) struct PatientMinterTests {
    private final class Looks: Sendable { let count = Mutex(0) }

    private let home: AccountsUnderTest
    private let book: MintBook
    private let patient: PatientMinter
    private let locks: Locks
    private let stop = Stop()
    /// At limits.
    private let looks = Looks()
    private let mail = Requester(pid: 1, uid: 1000, command: "mail", unit: "mail.service")
    private let backup = Requester(pid: 2, uid: 1000, command: "backup", unit: "backup.service")

    init() async throws {
        let home = try await AccountsUnderTest { options in
            options.asksBeforeMinting = false
            options.mintInterval = .zero
        }
        let (clock, looks, metrics, logger) = (home.clock, looks, Metrics(since: TestClock.noon), Logger(label: "test"))
        let now = { @Sendable in clock.now }
        book = try MintBook(folder: home.folder, quotas: Quotas()) {
            looks.count.withLock { $0 += 1 }
            return clock.now
        }
        let events = EventHub(metrics: metrics, clock: now)
        let consents = Consents(events: events, pause: realPause)
        locks = Locks(followsScreen: { true }, consents: consents, events: events, logger: logger)
        patient = PatientMinter(
            minter: Minter(
                accounts: home.accounts,
                locks: locks,
                book: book,
                support: Support(accounts: home.accounts, transport: home.transport, clock: now),
                policy: { _ in .none },
                desk: PromptDesk(Prompter(obstacle: { nil }) { _ in .denied }, pause: realPause),
                consents: consents,
                redemptions: home.redemptions(book, events),
                promptTimeoutMs: { 1000 },
                clock: now,
                logger: logger
            ),
            book: book,
            events: events,
            expiries: ExpiryWatch(book: book, events: events, pause: realPause, clock: now),
            metrics: metrics,
            pause: realPause,
            stop: stop,
            logger: logger
        )
        self.home = home
    }

    /// From now on a requester may have one token in so many milliseconds, and the account five an hour.
    private func allow(_ milliseconds: Int) async {
        var quotas = Quotas()
        quotas.loginToken = Quota(count: 5, perMs: 3_600_000)
        quotas.requester = Quota(count: 1, perMs: milliseconds)
        await book.apply(quotas)
    }

    /// Asks, and gives the request once it has met a limit.
    private func wait(_ milliseconds: Int, for requester: Requester) async throws -> Task<String, any Error> {
        try await wait(GenerateLoginToken(waitMs: milliseconds), for: requester)
    }

    private func wait(_ request: GenerateLoginToken, for requester: Requester) async throws -> Task<String, any Error> {
        let before = looks.count.withLock { $0 }
        let waiting = Task { try await patient.generate(request, for: requester, over: .agent).userId }
        while looks.count.withLock({ $0 }) == before { try await Task.sleep(for: .milliseconds(1)) }
        return waiting
    }

    @Test func `whoever waits for a limit of their own keeps nobody else waiting`() async throws {
        await allow(600_000)
        _ = try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        let waiting = try await wait(3_600_000, for: mail)
        let token = try await patient.generate(GenerateLoginToken(waitMs: 5000), for: backup, over: .agent)
        #expect(token.userId == home.alice)
        waiting.cancel()
        await #expect(throws: AgentError.withdrawn) { try await waiting.value }
    }

    @Test func `a limit of one's own is waited for, as long as the patience lasts`() async throws {
        await allow(100)
        _ = try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        let waiting = try await wait(3_600_000, for: mail)
        home.clock.advance(by: .milliseconds(100))
        #expect(try await waiting.value == home.alice)
        await #expect(throws: AgentError.self) {
            try await patient.generate(GenerateLoginToken(waitMs: 99), for: mail, over: .agent)
        }
    }

    @Test func `whoever waits gets the token of the account that was meant when the wait began`() async throws {
        await allow(100)
        _ = try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        let waiting = try await wait(3_600_000, for: mail)
        await home.server.add(user: "bob", password: "canary-bob")
        try await home.signIn("bob")
        try await home.accounts.setDefault("@bob:localhost")
        home.clock.advance(by: .milliseconds(100))
        #expect(try await waiting.value == home.alice)
    }

    @Test func `whoever comes back waits for their turn`() async throws {
        await allow(100)
        _ = try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        let waiting = try await wait(3_600_000, for: mail)
        try #require(await patient.line.enter(home.alice, within: .seconds(20)))
        home.clock.advance(by: .milliseconds(100))
        while patient.line.length(of: home.alice) == 0 { try await Task.sleep(for: .milliseconds(1)) }
        #expect(await book.tokens(of: nil).count == 1)
        patient.line.leave(home.alice)
        #expect(try await waiting.value == home.alice)
    }

    @Test func `promise 14: a lock that comes while somebody waits for their turn holds for them`() async throws {
        await allow(1)
        let path = "/_matrix/client/v1/login/get_token"
        await home.server.misbehave(on: path, .hold)
        let first = Task { try await patient.generate(GenerateLoginToken(), for: mail, over: .agent).userId }
        while await !home.server.seenRequests.contains(where: { $0.path == path }) { await Task.yield() }
        let second = Task { try await patient.generate(GenerateLoginToken(), for: backup, over: .agent).userId }
        while patient.minter.gate.waiting.withLock({ $0[home.alice]?.count ?? 0 }) == 0 { await Task.yield() }
        locks.noteScreen(isLocked: true)
        await home.server.misbehave(on: path, nil)
        await home.server.letGo()
        let refused = await #expect(throws: AgentError.self) { try await second.value }
        #expect(refused?.kind == .locked)
        #expect(try await first.value == home.alice)
        #expect(await home.server.seenRequests.count { $0.path == path } == 1)
        locks.noteScreen(isLocked: false)
        #expect(try await patient.generate(GenerateLoginToken(), for: backup, over: .agent).userId == home.alice)
    }

    @Test func `whoever waits when the agent stops is told so`() async throws {
        await allow(100)
        _ = try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        let waiting = try await wait(3_600_000, for: mail)
        stop.begin()
        await #expect(throws: AgentError.stopping) { try await waiting.value }
        // Nor does anybody begin to wait.
        await #expect(throws: AgentError.stopping) {
            try await patient.generate(GenerateLoginToken(waitMs: 3_600_000), for: mail, over: .agent)
        }
    }

    @Test func `both waits together take no longer than the patience`() async throws {
        await allow(100)
        _ = try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        let began = ContinuousClock.now
        let waiting = try await wait(2000, for: mail)
        try #require(await patient.line.enter(home.alice, within: .seconds(20)))
        home.clock.advance(by: .milliseconds(100))
        let refused = await #expect(throws: AgentError.self) { try await waiting.value }
        #expect(refused?.kind == .busy)
        #expect(began.duration(to: .now) >= .milliseconds(2000))
    }

    /// An answer to the homeserver's question, with a limit of its requester's in the way.
    private func limitedAnswer() async throws -> GenerateLoginToken {
        await allow(100)
        await home.server.change { $0.asksBeforeMinting = true }
        let asked = await #expect(throws: AgentError.self) {
            try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        }
        await home.server.change { $0.asksBeforeMinting = false }
        _ = try await patient.generate(GenerateLoginToken(), for: mail, over: .agent)
        await home.server.change { $0.asksBeforeMinting = true }
        return GenerateLoginToken(
            auth: [
                "type": "m.login.password", "challenge": asked?.data["challenge"] ?? "", "password": "canary-alice",
                "identifier": ["type": "m.id.user", "user": .string(home.alice)],
            ],
            waitMs: 3_600_000
        )
    }

    @Test func `what a caller waits with does not expire meanwhile`() async throws {
        let waiting = try await wait(try await limitedAnswer(), for: mail)
        home.clock.advance(by: .seconds(600))
        #expect(try await waiting.value == home.alice)
    }

    @Test func `what nobody waits with any more expires as ever`() async throws {
        let answer = try await limitedAnswer()
        let waiting = try await wait(answer, for: mail)
        waiting.cancel()
        await #expect(throws: AgentError.withdrawn) { try await waiting.value }
        home.clock.advance(by: .seconds(300))
        let late = await #expect(throws: AgentError.self) {
            try await patient.generate(answer, for: mail, over: .agent)
        }
        #expect(late?.data["field"] == "auth.challenge")
    }

    @Test func `a permit that may yet go back is no limit that whoever gives up has met`() async throws {
        let path = "/_matrix/client/v1/login/get_token"
        await home.server.misbehave(on: path, .stall)
        let first = Task {
            try await patient.generate(GenerateLoginToken(waitMs: 60_000), for: mail, over: .agent).userId
        }
        while await !home.server.seenRequests.contains(where: { $0.path == path }) { await Task.yield() }
        let refused = await #expect(throws: AgentError.self) {
            try await patient.generate(GenerateLoginToken(waitMs: 10), for: backup, over: .agent)
        }
        #expect(refused?.kind == .busy)
        await home.server.stop()
        _ = await first.result
    }
}
