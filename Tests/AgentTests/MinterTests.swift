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
@Suite(.timeLimit(.minutes(1))) struct MinterTests {
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
        minter = Minter(
            accounts: home.accounts,
            locks: Locks(
                followsScreen: { false },
                events: EventHub(metrics: Metrics(since: TestClock.noon), clock: now),
                logger: logger
            ),
            book: book,
            support: Support(accounts: home.accounts, transport: home.transport, clock: now),
            policy: { _ in policy.now.withLock { $0 } },
            clock: now,
            logger: logger
        )
        self.home = home
    }

    private func refusal(_ request: GenerateLoginToken = GenerateLoginToken()) async throws -> AgentError {
        try #require(
            await #expect(throws: AgentError.self) { try await minter.generate(request, for: someone) }
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
        await home.server.misbehave(on: Self.path, .delay(.milliseconds(500)))
        let first = Task { try await refusal().kind }
        while await mintRequests == 0 { await Task.yield() }
        #expect(try await refusal().kind == .authRequired)
        #expect(try await first.value == .authRequired)
    }
}
