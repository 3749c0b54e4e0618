import JetonAPI
import Synchronization
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(5)))
struct SharedWorkTests {
    @Test func `is done once, and all who wait get what comes of it`() async throws {
        let count = Atomic(0)
        let (release, open) = AsyncStream.makeStream(of: Void.self)
        let work = SharedWork { () async throws(AgentError) in
            for await _ in release {}
            return count.add(1, ordering: .relaxed).newValue
        }
        try await withThrowingTaskGroup { group in
            for _ in 1...20 { group.addTask { try await work.value() } }
            open.finish()
            for try await value in group { #expect(value == 1) }
        }
        #expect(try await work.value() == 1)
    }

    @Test func `whoever is cancelled leaves at once, and the others get what they wait for`() async throws {
        let (release, open) = AsyncStream.makeStream(of: Void.self)
        let work = SharedWork { () async throws(AgentError) in
            for await _ in release {}
            return 7
        }
        let impatient = Task { try await work.value() }
        let patient = Task { try await work.value() }
        impatient.cancel()
        // The work has not ended yet, and does so only after this.
        await #expect(throws: AgentError.withdrawn) { try await impatient.value }
        open.finish()
        #expect(try await patient.value == 7)
    }

    @Test func `a failure is everybody's`() async {
        let work = SharedWork<Int> { () async throws(AgentError) in throw .notLoggedIn("@a:b") }
        for _ in 1...2 { await #expect(throws: AgentError.notLoggedIn("@a:b")) { try await work.value() } }
        await work.end()
    }
}
