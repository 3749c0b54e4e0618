import FoundationEssentials
import JetonAPI
import Logging
import Synchronization
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(5))) struct LocksTests {
    private final class Surroundings: Sendable {
        let wish = Mutex(true)
        let told = Mutex<[JSONValue]>([])
    }

    private let surroundings = Surroundings()
    private let locks: Locks

    init() {
        let (surroundings, metrics) = (surroundings, Metrics(since: TestClock.noon))
        let events = EventHub(metrics: metrics) { TestClock.noon }
        let listener = Caller(
            connection: 1,
            socket: .agent,
            peer: Peer(pid: 1, uid: 1) { someone },
            send: { message in
                let json = try? JSONDecoder().decode(JSONValue.self, from: Data(message))
                surroundings.told.withLock { $0.append(json?["params"] ?? .null) }
                return true
            },
            observeEnd: { _ in },
            observeReading: { _ in }
        )
        events.subscribe(listener, to: [.agentLocked, .agentUnlocked])
        locks = Locks(
            followsScreen: { surroundings.wish.withLock(\.self) },
            consents: Consents(events: events, pause: realPause),
            events: events,
            logger: Logger(label: "test")
        )
    }

    private var told: [JSONValue] { surroundings.told.withLock(\.self) }

    @Test func `where nobody follows a screen nothing waits, and nothing is locked`() async throws {
        try await locks.requireNone()
        #expect(locks.now == [])
    }

    @Test(arguments: [true, false])
    func `before the first word on the screen everybody waits, and then all are answered`(isLocked: Bool) async throws {
        locks.expectScreen()
        let waiting = (1...3).map { _ in Task { try await locks.requireNone() } }
        while locks.waitingCount < 3 { await Task.yield() }
        locks.noteScreen(isLocked: isLocked)
        for one in waiting {
            let result = await one.result
            #expect((result.failure as? AgentError)?.kind == (isLocked ? .locked : nil))
        }
    }

    @Test func `who goes meanwhile waits no longer, and leaves the others waiting`() async throws {
        locks.expectScreen()
        let gone = Task { try await locks.requireNone() }
        let patient = Task { try await locks.requireNone() }
        while locks.waitingCount < 2 { await Task.yield() }
        gone.cancel()
        #expect((await gone.result.failure as? AgentError)?.kind == .cancelled)
        #expect(locks.waitingCount == 1)
        locks.noteScreen(isLocked: false)
        try await patient.value
    }

    @Test func `who does not want it waits for no screen, and is not locked by it`() async throws {
        surroundings.wish.withLock { $0 = false }
        locks.expectScreen()
        try await locks.requireNone()
        locks.noteScreen(isLocked: true)
        try await locks.requireNone()
        #expect(told.isEmpty)
    }

    @Test func `each change is told once, also where only the wish has changed`() throws {
        for isLocked in [false, true, true, false] { locks.noteScreen(isLocked: isLocked) }
        locks.noteScreen(isLocked: true)
        surroundings.wish.withLock { $0 = false }
        locks.tell()
        locks.tell()
        #expect(locks.now == [])
        #expect(told.map { $0["type"] } == ["agent.locked", "agent.unlocked", "agent.locked", "agent.unlocked"])
        #expect(told.first?["locked_by"] == ["screen"])
    }
}

extension Result {
    fileprivate var failure: Failure? {
        guard case .failure(let failure) = self else { return nil }
        return failure
    }
}
