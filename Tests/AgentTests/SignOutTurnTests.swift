import DevHomeserver
import JetonAPI
import Logging
import MatrixClient
import Synchronization
import Testing

@testable import Agent

/// Signing out while others are at the account, too.
@Suite(.timeLimit(.minutes(5))) struct SignOutTurnTests {
    private final class Fact: Sendable { let isSo = Mutex(false) }

    /// Somebody who is at the account, or waits for it, until they are let go.
    private struct Other {
        private let turn: Task<Void, Never>
        private let end: AsyncStream<Never>.Continuation
        private let turnHasCome = Fact()

        init(at gate: AccountGate, _ account: String) {
            let (ends, end) = AsyncStream.makeStream(of: Never.self)
            self.end = end
            turn = Task { [turnHasCome] in
                await gate.pass(account) {
                    turnHasCome.isSo.withLock { $0 = true }
                    for await _ in ends {}
                }
            }
        }

        func isAtIt() async { while !turnHasCome.isSo.withLock({ $0 }) { await Task.yield() } }

        func go() async {
            end.finish()
            await turn.value
        }
    }

    private let home: AccountsUnderTest
    private let devices: Devices
    private let person = Person()

    init() async throws {
        let home = try await AccountsUnderTest()
        let (clock, person, logger) = (home.clock, person, Logger(label: "test"))
        let now = { @Sendable in clock.now }
        let events = EventHub(metrics: Metrics(since: TestClock.noon), clock: now)
        let consents = Consents(events: events, pause: realPause)
        devices = Devices(
            accounts: home.accounts,
            locks: Locks(followsScreen: { false }, consents: consents, events: events, logger: logger),
            support: Support(accounts: home.accounts, transport: home.transport, clock: now),
            book: try MintBook(folder: home.folder, quotas: Quotas(), clock: now),
            policy: { _ in .prompt },
            desk: PromptDesk(Prompter(obstacle: { nil }) { await person.hear($0) }, gap: .zero, pause: realPause),
            consents: consents,
            promptTimeoutMs: { 60_000 },
            clock: now,
            logger: logger
        )
        self.home = home
    }

    private var waiting: Int { devices.gate.waiting.withLock { $0[home.alice]?.count ?? 0 } }

    @Test func `who had their turn in vain is told so at once, whoever comes next`() async throws {
        let other = try await MatrixClient(homeserver: home.address, transport: home.transport)
            .logIn(.password(user: "alice", Secret("canary-alice")))
        let request = SignOutDevice(deviceId: other.deviceId, prompt: .agent)
        let ending = Fact()
        let refused = Task {
            defer { ending.isSo.withLock { $0 = true } }
            return await #expect(throws: AgentError.self) { try await devices.signOut(request, for: someone) }
        }
        await person.isAsked()
        let first = Other(at: devices.gate, home.alice)
        await first.isAtIt()
        await person.say(.agreed(Secret("canary-alice")))
        while waiting < 1 { await Task.yield() }
        let next = Other(at: devices.gate, home.alice)
        while waiting < 2 { await Task.yield() }
        await home.server.misbehave(
            on: "/_matrix/client/v3/devices/\(other.deviceId)",
            .answer(status: 403, contentType: "application/json", body: #"{"errcode":"M_FORBIDDEN"}"#, headers: [:])
        )
        await first.go()
        await next.isAtIt()
        while !ending.isSo.withLock({ $0 }), waiting < 1 { await Task.yield() }
        #expect(ending.isSo.withLock { $0 })
        await next.go()
        #expect(await refused.value?.kind == .homeserverError)
    }
}
