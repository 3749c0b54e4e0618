import FoundationEssentials
import JetonAPI
import Logging
import Synchronization
import Testing
import Vault

@testable import Agent

/// The user's own lock, and what comes between.
@Suite(.timeLimit(.minutes(5))) struct UserLockTests {
    /// What the prompt answers, once it is let.
    private final class Prompt: Sendable {
        let answer = Mutex<PromptAnswer>(.agreed(nil))
        let count = Mutex(0)
        let isHeld = Mutex(false)

        @Sendable func ask(_ question: PromptQuestion) async -> PromptAnswer {
            count.withLock { $0 += 1 }
            while isHeld.withLock(\.self) && !Task.isCancelled { await Task.yield() }
            return answer.withLock(\.self)
        }
    }

    private let temporary: TemporaryFolder
    private let folder: StateFolder
    private let prompt = Prompt()
    private let consents: Consents
    private let locks: Locks

    init() throws {
        temporary = try TemporaryFolder()
        folder = try StateFolder(path: "\(temporary.path)/state")
        (locks, consents) = Self.locks()
    }

    private static func locks() -> (Locks, Consents) {
        let events = EventHub(metrics: Metrics(since: TestClock.noon)) { TestClock.noon }
        let consents = Consents(events: events, pause: realPause)
        let logger = Logger(label: "test")
        return (Locks(followsScreen: { true }, consents: consents, events: events, logger: logger), consents)
    }

    private func userLock(_ locks: Locks, _ consents: Consents) throws -> UserLock {
        try UserLock(
            folder: folder,
            locks: locks,
            desk: PromptDesk(Prompter(obstacle: { nil }, ask: prompt.ask), gap: .zero, pause: realPause),
            consents: consents,
            promptTimeoutMs: { 1000 },
            clock: { TestClock.noon }
        )
    }

    /// As an agent would find it that begins now.
    private func afterRestart() throws -> [Lock] {
        let (locks, consents) = Self.locks()
        _ = try userLock(locks, consents)
        return locks.now
    }

    @Test func `it holds from when it is confirmed, outlasts the agent, and stands beside the screen's`() async throws {
        let lock = try userLock(locks, consents)
        #expect(locks.now == [])
        try await lock.lock(by: someone)
        try await lock.lock(by: someone)
        locks.noteScreen(isLocked: true)
        #expect(locks.now == [.user, .screen])
        #expect(try afterRestart() == [.user])
        let refused = await #expect(throws: AgentError.self) { try await locks.requireNone() }
        #expect(refused?.message.contains("run `jeton unlock`") == true)
        #expect(refused?.message.contains("unlock your screen") == true)
        try await lock.unlock(UnlockAgent(), by: someone)
        #expect(locks.now == [.screen])
        #expect(try afterRestart() == [])
        // There is nothing to ask any more.
        try await lock.unlock(UnlockAgent(), by: someone)
        #expect(prompt.count.withLock { $0 } == 1)
    }

    @Test(arguments: [
        (PromptAnswer.denied, AgentError.Kind.consentDenied), (.timedOut, .consentTimeout),
        (.unavailable("there is none"), .promptUnavailable),
    ])
    func `without a yes it stays locked`(answer: PromptAnswer, kind: AgentError.Kind) async throws {
        let lock = try userLock(locks, consents)
        try await lock.lock(by: someone)
        prompt.answer.withLock { $0 = answer }
        let refused = await #expect(throws: AgentError.self) { try await lock.unlock(UnlockAgent(), by: someone) }
        #expect(refused?.kind == kind)
        #expect(locks.now == [.user])
        #expect(try afterRestart() == [.user])
    }

    @Test func `a lock that comes while the user is asked withdraws the question, and a second one is not asked`()
        async throws
    {
        let lock = try userLock(locks, consents)
        try await lock.lock(by: someone)
        prompt.isHeld.withLock { $0 = true }
        let asked = Task { try await lock.unlock(UnlockAgent(), by: someone) }
        while prompt.count.withLock({ $0 }) == 0 { await Task.yield() }
        let second = await #expect(throws: AgentError.self) { try await lock.unlock(UnlockAgent(), by: someone) }
        #expect(second?.kind == .busy)
        try await lock.lock(by: someone)
        await #expect(throws: AgentError.locked(by: [.user])) { try await asked.value }
        #expect(locks.now == [.user])
        #expect(consents.all.isEmpty)
    }

    @Test func `a lock that cannot be written down holds all the same, and that is told`() async throws {
        let lock = try userLock(locks, consents)
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/.user-lock.json.new",
            withIntermediateDirectories: false
        )
        let refused = await #expect(throws: AgentError.self) { try await lock.lock(by: someone) }
        #expect(refused?.kind == .storageFailed)
        #expect(refused?.message.hasSuffix("The agent is locked, but only until it ends.") == true)
        #expect(locks.now == [.user])
    }

    @Test func `a lock's file that cannot be read is no open lock`() throws {
        try temporary.write("nonsense", to: "state/user-lock.json")
        #expect(throws: StorageProblem.self) { try userLock(locks, consents) }
    }
}
