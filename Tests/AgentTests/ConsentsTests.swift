import FoundationEssentials
import JetonAPI
import Synchronization
import Testing

@testable import Agent

/// A question that can be answered in two places.
@Suite(.timeLimit(.minutes(5))) struct ConsentsTests {
    private final class Told: Sendable { let events = Mutex<[JSONValue]>([]) }

    private let told = Told()
    private let events: EventHub
    private let consents: Consents

    init() {
        events = EventHub(metrics: Metrics(since: TestClock.noon)) { TestClock.noon }
        consents = Consents(events: events, pause: realPause)
    }

    /// Lets the events be told; by name it is a promise to answer.
    private func listen(to types: [EventType]?) {
        let listener = Caller(
            connection: 1,
            socket: .agent,
            peer: Peer(pid: 1, uid: 1) { someone },
            send: { [told] message in
                let json = try? JSONDecoder().decode(JSONValue.self, from: Data(message))
                told.events.withLock { $0.append(json?["params"] ?? .null) }
                return true
            }
        )
        events.subscribe(listener, to: types)
    }

    private func question(_ id: String = "q-1") -> Consents.Question {
        let consent = PendingConsent(
            consentId: id,
            wants: .consent,
            account: "@a:b",
            requester: someone,
            requestedAt: TestClock.noon
        )
        return .init(consent: consent, requester: someone)
    }

    /// A prompt that nobody answers.
    @Sendable private static func forever() async throws(AgentError) -> PromptAnswer {
        for await _ in AsyncStream<Never>.makeStream().stream {}
        throw .withdrawn
    }

    private func wait(for count: Int) async { while consents.all.count != count { await Task.yield() } }

    @Test func `an answer from elsewhere withdraws the prompt's question, and counts once`() async throws {
        listen(to: nil)
        let question = question()
        let asked = Task { try await consents.decide(question, within: .seconds(60), byPrompt: Self.forever) }
        await wait(for: 1)
        #expect(consents.settle("q-1", .success(.agreed(nil))))
        #expect(!consents.settle("q-1", .success(.denied)))
        #expect(try await asked.value == .agreed(nil))
        #expect(consents.all.isEmpty)
        #expect(told.events.withLock { $0.map { $0["type"] } } == ["consent.requested", "consent.granted"])
    }

    @Test(arguments: [
        (Consents.Outcome.success(.denied), "denied"), (.success(.timedOut), "timed_out"),
        (.success(.unavailable("x")), "unavailable"), (.failure(.withdrawn), "withdrawn"),
    ])
    func `the prompt's answer counts where it is first, and why it came to nothing is told`(
        outcome: Consents.Outcome,
        reason: String
    ) async throws {
        listen(to: nil)
        let answer = try? await consents.decide(question(), within: .seconds(60)) { () async throws(AgentError) in
            try outcome.get()
        }
        #expect(answer == (try? outcome.get()))
        #expect(!consents.settle("q-1", .success(.agreed(nil))))
        #expect(told.events.withLock { $0.last?["reason"]?.stringValue } == reason)
    }

    @Test func `a question that cannot be shown waits for whoever has promised to answer, and not for ever`()
        async throws
    {
        let unavailable = { @Sendable () async throws(AgentError) in PromptAnswer.unavailable("there is none") }
        // Who listens to everything has promised nothing.
        listen(to: nil)
        #expect(
            try await consents.decide(question(), within: .seconds(60), byPrompt: unavailable)
                == .unavailable("there is none")
        )
        listen(to: [.consentRequested])
        #expect(try await consents.decide(question(), within: .zero, byPrompt: unavailable) == .timedOut)
        let second = question("q-2")
        let asked = Task { try await consents.decide(second, within: .seconds(60), byPrompt: unavailable) }
        await wait(for: 1)
        #expect(consents.settle("q-2", .success(.denied)))
        #expect(try await asked.value == .denied)
    }

    @Test func `who asked and goes takes the question along`() async throws {
        let question = question()
        let asked = Task { try await consents.decide(question, within: .seconds(60), byPrompt: Self.forever) }
        await wait(for: 1)
        asked.cancel()
        await #expect(throws: AgentError.withdrawn) { try await asked.value }
        #expect(consents.all.isEmpty)
    }

    @Test func `all that wait are withdrawn at once, for a reason, and more than a few never wait`() async throws {
        let asked = (1...PromptDesk.maximum).map { number in
            let question = question("q-\(number)")
            return Task { try await consents.decide(question, within: .seconds(60), byPrompt: Self.forever) }
        }
        await wait(for: PromptDesk.maximum)
        await #expect(throws: AgentError.tooManyPrompts) {
            try await consents.decide(question("q-0"), within: .seconds(60), byPrompt: Self.forever)
        }
        consents.withdrawAll(.locked(by: [.user]))
        for one in asked { await #expect(throws: AgentError.locked(by: [.user])) { try await one.value } }
    }
}
