import FoundationEssentials
import JetonAPI
import Synchronization
import Testing
import Vault

@testable import Agent

struct ExpiryWatchTests {
    private final class Told: Sendable { let types = Mutex<[String]>([]) }

    private let clock = TestClock()
    private let temporary: TemporaryFolder
    private let book: MintBook
    private let events: EventHub
    private let watch: ExpiryWatch
    private let told = Told()

    init() throws {
        temporary = try TemporaryFolder()
        let now = { @Sendable [clock] in clock.now }
        book = try MintBook(
            folder: StateFolder(path: "\(temporary.path)/state"),
            quotas: Quotas(),
            clock: now
        )
        events = EventHub(metrics: Metrics(since: TestClock.noon), clock: now)
        watch = ExpiryWatch(book: book, events: events, pause: realPause, clock: now)
    }

    /// Issues a token that lives for two minutes.
    private func issue() async throws {
        let attempt = try await book.take("@a:b", purpose: nil, requester: someone)
        _ = try await book.settle(attempt, expiresInMs: 120_000)
        await watch.plan()
    }

    private func subscribe() async {
        let caller = Caller(
            connection: 1,
            socket: .agent,
            peer: Peer(pid: 1, uid: 1) { someone },
            send: { [told] message in
                let params = try? JSONDecoder().decode(JSONValue.self, from: Data(message))["params"]
                told.types.withLock { $0.append(params?["type"]?.stringValue ?? "") }
                return true
            }
        )
        events.subscribe(caller, to: [.loginTokenExpired])
        await watch.plan()
    }

    @Test func `each expiry is told once`() async throws {
        await subscribe()
        try await issue()
        #expect(told.types.withLock { $0 } == [])
        clock.advance(by: .seconds(120))
        await watch.plan()
        await watch.plan()
        #expect(told.types.withLock { $0 } == ["login_token.expired"])
    }

    @Test func `what expired before anybody listened is not told afterwards`() async throws {
        try await issue()
        clock.advance(by: .seconds(600))
        await subscribe()
        #expect(told.types.withLock { $0 } == [])
    }

    @Test func `however many subscribe during a look, there is one more after it`() async throws {
        final class Looks: Sendable {
            let count = Mutex(0)
            let duringFirst = Mutex<@Sendable () -> Void>({})
        }
        let looks = Looks()
        let watch = ExpiryWatch(book: book, events: events, pause: realPause) { [clock] in
            let count = looks.count.withLock { count in
                count += 1
                return count
            }
            if count == 1 { looks.duringFirst.withLock { $0 }() }
            return clock.now
        }
        looks.duringFirst.withLock { $0 = { for _ in 1...1000 { watch.planSoon() } } }
        watch.planSoon()
        while looks.count.withLock({ $0 }) < 2 { await Task.yield() }
        await watch.plan()
        #expect(looks.count.withLock { $0 } == 3)
    }
}
