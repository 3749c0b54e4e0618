import DevHomeserver
import Foundation
import JetonAPI
import Logging
import MatrixClient
import Synchronization
import Testing
import Vault

@testable import Agent

/// Minting where something comes between: another request, a full disk, a homeserver that has changed its mind. Wall
/// time stands still.
@Suite(.timeLimit(.minutes(5))) struct MinterTests {
    private final class Policy: Sendable { let now = Mutex(ConsentPolicy.none) }

    private static let path = "/_matrix/client/v1/login/get_token"

    private let home: AccountsUnderTest
    private let book: MintBook
    private let minter: Minter
    private let policy = Policy()

    init() async throws {
        let home = try await AccountsUnderTest()
        let (clock, policy, logger) = (home.clock, policy, Logger(label: "test"))
        let now = { @Sendable in clock.now }
        book = try MintBook(folder: home.folder, quotas: Quotas(), clock: now)
        let events = EventHub(metrics: Metrics(since: TestClock.noon), clock: now)
        let consents = Consents(events: events, pause: realPause)
        minter = Minter(
            accounts: home.accounts,
            locks: Locks(followsScreen: { false }, consents: consents, events: events, logger: logger),
            book: book,
            support: Support(accounts: home.accounts, transport: home.transport, clock: now),
            policy: { _ in policy.now.withLock { $0 } },
            desk: PromptDesk(
                Prompter(obstacle: { "there is none" }) { _ in .unavailable("there is none") },
                pause: realPause
            ),
            consents: consents,
            redemptions: home.redemptions(book),
            promptTimeoutMs: { 1000 },
            clock: now,
            logger: logger
        )
        self.home = home
    }

    private func refusal(_ request: GenerateLoginToken = GenerateLoginToken()) async throws -> AgentError {
        try #require(
            await #expect(throws: AgentError.self) { try await minter.generate(request, for: someone, over: .agent) }
        )
    }

    /// The right password, for a challenge.
    private func password(_ asked: AgentError) -> GenerateLoginToken {
        GenerateLoginToken(auth: [
            "type": "m.login.password", "challenge": asked.data["challenge"] ?? "", "password": "canary-alice",
            "identifier": ["type": "m.id.user", "user": .string(home.alice)],
        ])
    }

    private func consent(_ asked: AgentError) -> GenerateLoginToken {
        GenerateLoginToken(consent: .init(challenge: asked.data["challenge"]?.stringValue ?? ""))
    }

    private var mintRequests: Int { get async { await home.server.seenRequests.count { $0.path == Self.path } } }

    @Test func `a permit of which nobody knows yet whether it is used is no token that was minted`() async throws {
        await home.server.misbehave(on: Self.path, .hold)
        let first = Task { try await refusal().kind }
        while await mintRequests == 0 { await Task.yield() }
        let second = Task { try await refusal().kind }
        while minter.gate.waiting.withLock({ $0[home.alice]?.count ?? 0 }) == 0 { await Task.yield() }
        await home.server.misbehave(on: Self.path, nil)
        await home.server.letGo()
        #expect(try await second.value == .authRequired)
        #expect(try await first.value == .authRequired)
    }

    @Test func `a token whose life is over when it arrives is told as one that was minted`() async throws {
        let asked = try await refusal()
        await home.server.misbehave(
            on: Self.path,
            .answer(
                status: 200,
                contentType: "application/json",
                body: #"{"login_token":"canary-token","expires_in_ms":0}"#,
                headers: [:]
            )
        )
        let late = try await refusal(password(asked))
        #expect(late.kind == .outcomeUnknown)
        #expect(late.message.hasPrefix("A login token was minted, and is handed to nobody"), "\(late.message)")
        #expect(late.data["may_exist_until"] == .string(home.clock.now.description))
    }

    @Test func `a sealed token whose life is over is a question that has expired`() async throws {
        policy.now.withLock { $0 = .caller }
        await home.server.change { $0.asksBeforeMinting = false }
        let asked = try await refusal()
        home.clock.advance(by: .seconds(120))
        let late = try await refusal(consent(asked))
        #expect(late.kind == .invalidParams && late.data["field"] == "consent.challenge")
    }

    @Test(arguments: [true, false])
    func `that nobody can write down what the homeserver asks costs no token`(asks: Bool) async throws {
        await home.server.change { $0.asksBeforeMinting = asks }
        // What it supports is written down already.
        _ = try await minter.support.look(home.alice)
        let blocker = "\(home.folder.path)/.\(SessionRecord.fileName(of: home.alice)).new"
        try FileManager.default.createDirectory(atPath: blocker, withIntermediateDirectories: false)
        if asks {
            #expect(try await refusal().kind == .authRequired)
        } else {
            #expect(try await minter.generate(GenerateLoginToken(), for: someone, over: .agent).userId == home.alice)
        }
        #expect(try home.saved?.asking == .unknown)
    }

    @Test
    func `promise 5: a minted token that cannot be written down is told as one that exists, and handed to nobody`()
        async throws
    {
        // Now it is known to ask: its question takes no permit, and so writes nothing before it is answered.
        #expect(try await refusal().kind == .authRequired)
        await home.server.change { $0.asksBeforeMinting = false }
        let away = "\(home.folder.path).away"
        try FileManager.default.moveItem(atPath: home.folder.path, toPath: away)
        let lost = try await refusal()
        try FileManager.default.moveItem(atPath: away, toPath: home.folder.path)
        #expect(lost.kind == .outcomeUnknown)
        #expect(lost.message.hasPrefix("A login token was minted, and is handed to nobody"), "\(lost.message)")
        #expect(lost.data["path"] != nil)
        #expect(lost.data["may_exist_until"] == .string(home.clock.now.advanced(by: .seconds(120)).description))
    }

    @Test func `our own question that was put under a looser policy is not answered under a stricter one`()
        async throws
    {
        policy.now.withLock { $0 = .caller }
        await home.server.change { $0.asksBeforeMinting = false }
        let now = home.clock.now
        try await home.accounts.note(home.alice) { $0.see(.absent, at: now) }
        let asked = try await refusal()
        #expect(asked.kind == .consentRequired)
        policy.now.withLock { $0 = .auto }
        #expect(try await refusal(consent(asked)).kind == .forbidden)
        #expect(await mintRequests == 0)
        policy.now.withLock { $0 = .caller }
        #expect(try await minter.generate(consent(asked), for: someone, over: .agent).userId == home.alice)
    }

    @Test func `a homeserver that forgot its question and offers no way any more is a dead end`() async throws {
        let asked = try await refusal()
        await home.server.forgetUIASessions()
        await home.server.change { $0.flows = [] }
        let stuck = try await refusal(GenerateLoginToken(auth: ["challenge": asked.data["challenge"] ?? ""]))
        #expect(stuck.kind == .homeserverError)
        #expect(stuck.message.contains("offers no way"), "\(stuck.message)")
        #expect(await mintRequests == 3)
    }
}
