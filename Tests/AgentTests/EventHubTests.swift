import FoundationEssentials
import JetonAPI
import Synchronization
import Testing

@testable import Agent

struct EventHubTests {
    /// A client, as far as its subscription goes: what it was sent, and whether it reads.
    private final class Client: Sendable {
        struct State {
            var reads = true
            var sent: [JSONValue] = []
            var observers = 0
            var end: (@Sendable () -> Void)?
            var resume: (@Sendable () -> Void)?
        }
        let state = Mutex(State())

        func caller(_ number: Int) -> Caller {
            Caller(
                connection: number,
                socket: .agent,
                peer: Peer(pid: 1, uid: 1) { someone },
                send: { message in
                    self.state.withLock { state in
                        guard state.reads, let json = try? JSONDecoder().decode(JSONValue.self, from: Data(message))
                        else { return false }
                        state.sent.append(json)
                        return true
                    }
                },
                observeEnd: { action in
                    self.state.withLock { state in
                        state.observers += 1
                        state.end = action
                    }
                },
                observeReading: { action in
                    self.state.withLock { state in
                        state.observers += 1
                        state.resume = action
                    }
                }
            )
        }

        var types: [String] { params("type").compactMap(\.stringValue) }

        func params(_ name: String) -> [JSONValue] {
            state.withLock { $0.sent.compactMap { $0["params"]?[name] } }
        }

        func reads(_ does: Bool) { state.withLock { $0.reads = does } }
        func resume() { state.withLock { $0.resume }?() }
        func end() { state.withLock { $0.end }?() }
    }

    private let clock = TestClock()
    private let metrics = Metrics(since: TestClock.noon)
    private let hub: EventHub
    private let client = Client()
    private let caller: Caller

    init() {
        hub = EventHub(metrics: metrics, clock: { [clock] in clock.now })
        caller = client.caller(1)
    }

    private func happen() { hub.publish(AccountLoggedIn(account: "@a:b")) }

    @Test func `tells who wants to know, as a notification`() {
        happen()
        hub.subscribe(caller, to: nil)
        happen()
        let expected: JSONValue = [
            "jsonrpc": "2.0", "method": "event",
            "params": ["type": "account.logged_in", "at": .string(clock.now.description), "account": "@a:b"],
        ]
        #expect(client.state.withLock { $0.sent } == [expected])
        #expect(metrics.all.eventsSent == 1 && metrics.all.eventsMissed == 0)
    }

    @Test func `only the types that were chosen are told, and no longer than they are wanted`() {
        hub.subscribe(caller, to: [.accountLoggedOut])
        happen()
        #expect(client.types == [])
        hub.subscribe(caller, to: [.accountLoggedIn])
        #expect(hub.isWanted(.accountLoggedOut) && hub.isWanted(.accountLoggedIn))
        happen()
        #expect(client.types == ["account.logged_in"])
        hub.unsubscribe(caller, from: [.accountLoggedIn])
        happen()
        #expect(client.types == ["account.logged_in"])
        hub.unsubscribe(caller, from: nil)
        #expect(!hub.isWanted(.accountLoggedOut))
    }

    @Test func `who does not read misses, and is told how much as soon as it reads again`() {
        hub.subscribe(caller, to: nil)
        client.reads(false)
        let began = clock.now
        for _ in 1...3 {
            happen()
            clock.advance(by: .seconds(1))
        }
        #expect(client.types == [])
        client.reads(true)
        client.resume()
        #expect(client.types == ["events.missed"])
        #expect(client.params("missed") == [3])
        #expect(client.params("since") == [.string(began.description)])
        happen()
        client.resume()
        #expect(client.types == ["events.missed", "account.logged_in"])
        #expect(metrics.all.eventsSent == 1 && metrics.all.eventsMissed == 3)
    }

    @Test func `what was missed is told before what happens next`() {
        hub.subscribe(caller, to: nil)
        client.reads(false)
        happen()
        client.reads(true)
        happen()
        #expect(client.types == ["events.missed", "account.logged_in"])
    }

    @Test func `a connection that has ended is told nothing, and is forgotten`() {
        hub.subscribe(caller, to: nil)
        client.end()
        happen()
        #expect(client.types == [])
        let next = Client()
        hub.subscribe(next.caller(2), to: [.agentStopping])
        #expect(!hub.isWanted(.accountLoggedIn))
    }

    @Test func `a connection is observed once, however often it subscribes`() {
        for _ in 1...10 {
            hub.subscribe(caller, to: nil)
            hub.unsubscribe(caller, from: nil)
        }
        #expect(client.state.withLock { $0.observers } == 2)
        hub.subscribe(caller, to: [.accountLoggedIn])
        happen()
        #expect(client.types == ["account.logged_in"])
    }

    @Test func `who wants nothing any more is not told what it has missed either`() {
        hub.subscribe(caller, to: nil)
        client.reads(false)
        happen()
        hub.unsubscribe(caller, from: nil)
        client.reads(true)
        client.resume()
        hub.subscribe(caller, to: nil)
        happen()
        #expect(client.types == ["account.logged_in"])
    }

    @Test func `one that does not read costs the others nothing`() {
        let other = Client()
        hub.subscribe(caller, to: nil)
        hub.subscribe(other.caller(2), to: nil)
        client.reads(false)
        happen()
        #expect(other.types == ["account.logged_in"])
    }
}
