import JetonAPI
import Synchronization
import Testing

@testable import Agent

/// One question at a time.
@Suite(.timeLimit(.minutes(5))) struct PromptDeskTests {
    private static let question = PromptQuestion(.confirm, requester: nil, deadlineMs: 1000)

    private final class Shown: Sendable {
        let count = Mutex((now: 0, most: 0, all: 0))

        func begin() { count.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1), $0.all + 1) } }
        func end() { count.withLock { $0.now -= 1 } }
    }

    @Test func `whatever comes at once, one is shown at a time, with a pause between`() async throws {
        let shown = Shown()
        let desk = PromptDesk(
            Prompter(obstacle: { nil }) { _ in
                shown.begin()
                await Task.yield()
                shown.end()
                return .denied
            },
            gap: .milliseconds(50),
            pause: realPause
        )
        let began = ContinuousClock.now
        let outcomes = await withTaskGroup { group in
            for _ in 1...30 {
                group.addTask { try? await desk.ask { () async throws(AgentError) in Self.question } }
            }
            return await group.reduce(into: [PromptAnswer?]()) { $0.append($1) }
        }
        let answered = outcomes.count { $0 == .denied }
        #expect(answered >= PromptDesk.maximum)
        let counts = shown.count.withLock { $0 }
        #expect(counts.most == 1)
        #expect(counts.all == answered)
        #expect(ContinuousClock.now - began >= .milliseconds(50) * (answered - 1))
    }

    @Test func `a prompt that cannot be shown is not started over and over`() async throws {
        let desk = PromptDesk(
            Prompter(obstacle: { nil }) { _ in .unavailable("no display") },
            gap: .seconds(60),
            pause: realPause
        )
        let began = ContinuousClock.now
        for _ in 1...11 { _ = try await desk.ask { () async throws(AgentError) in Self.question } }
        #expect(ContinuousClock.now - began >= .milliseconds(500))
    }

    @Test func `after a question that was withdrawn while it stood, the next one waits as after any other`()
        async throws
    {
        let stands = AsyncStream.makeStream(of: Void.self)
        let desk = PromptDesk(
            Prompter(obstacle: { nil }) { _ in
                stands.continuation.yield()
                // As a dialog that is closed because nobody wants its answer any more.
                try? await realPause(.seconds(60))
                return .unavailable("it ended without an answer")
            },
            gap: .milliseconds(400),
            pause: realPause
        )
        var shown = stands.stream.makeAsyncIterator()
        let first = Task { try await desk.ask { () async throws(AgentError) in Self.question } }
        await shown.next()
        let gone = ContinuousClock.now
        first.cancel()
        _ = await first.result
        let second = Task { try await desk.ask { () async throws(AgentError) in Self.question } }
        await shown.next()
        #expect(ContinuousClock.now - gone >= .milliseconds(400))
        second.cancel()
        _ = await second.result
    }

    @Test func `what has become useless meanwhile is not shown`() async throws {
        let shown = Shown()
        let desk = PromptDesk(
            Prompter(obstacle: { nil }) { _ in
                shown.begin()
                return .denied
            },
            pause: realPause
        )
        await #expect(throws: AgentError.consentDenied) {
            try await desk.ask { () async throws(AgentError) in throw .consentDenied }
        }
        #expect(shown.count.withLock { $0.all } == 0)
    }
}
