import Synchronization
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(5)))
struct AccountGateTests {
    private let gate = AccountGate()

    /// What happened, in order.
    private final class Log: Sendable {
        private let lines = Mutex<[String]>([])
        func add(_ line: String) { lines.withLock { $0.append(line) } }
        var all: [String] { lines.withLock { $0 } }
    }

    private var waitingCount: Int { gate.waiting.withLock { $0["@a:b"]?.count ?? 0 } }

    /// Holds the gate until `release` is finished, and says when it is inside.
    private func hold(_ account: String, _ log: Log, until release: AsyncStream<Void>) async -> Task<Void, Never> {
        let (entered, enter) = AsyncStream.makeStream(of: Void.self)
        let gate = gate
        let task = Task {
            await gate.pass(account) {
                enter.finish()
                for await _ in release {}
                log.add("holder")
            }
        }
        for await _ in entered {}
        return task
    }

    @Test func `lets one through at a time, in the order of arrival`() async {
        let log = Log()
        let (release, open) = AsyncStream.makeStream(of: Void.self)
        let holder = await hold("@a:b", log, until: release)
        var tasks: [Task<Void, Never>] = []
        for number in 1...5 {
            tasks.append(Task { [gate] in await gate.pass("@a:b") { log.add("\(number)") } })
            while waitingCount < number { await Task.yield() }
        }
        #expect(log.all == [])
        open.finish()
        for task in tasks + [holder] { await task.value }
        #expect(log.all == ["holder", "1", "2", "3", "4", "5"])
    }

    @Test func `never two at the same time`() async {
        let log = Log()
        await withTaskGroup { group in
            for _ in 0..<100 {
                group.addTask { [gate] in
                    await gate.pass("@a:b") {
                        log.add("in")
                        await Task.yield()
                        log.add("out")
                    }
                }
            }
        }
        #expect(log.all == Array(repeating: ["in", "out"], count: 100).flatMap { $0 })
    }

    @Test func `accounts do not wait for one another`() async {
        let log = Log()
        let (release, open) = AsyncStream.makeStream(of: Void.self)
        let holder = await hold("@a:b", log, until: release)
        await gate.pass("@b:b") { log.add("other") }
        #expect(log.all == ["other"])
        open.finish()
        await holder.value
    }

    @Test func `who is cancelled while waiting keeps the place, sees it inside, and holds nobody up`() async {
        let log = Log()
        let (release, open) = AsyncStream.makeStream(of: Void.self)
        let holder = await hold("@a:b", log, until: release)
        let cancelled = Task { [gate] in await gate.pass("@a:b") { log.add(Task.isCancelled ? "cancelled" : "not") } }
        while waitingCount < 1 { await Task.yield() }
        let next = Task { [gate] in await gate.pass("@a:b") { log.add("next") } }
        while waitingCount < 2 { await Task.yield() }
        cancelled.cancel()
        open.finish()
        for task in [holder, cancelled, next] { await task.value }
        #expect(log.all == ["holder", "cancelled", "next"])
    }

    @Test func `a turn that fails ends too`() async throws {
        struct Failed: Error {}
        for _ in 1...3 {
            do throws(Failed) {
                try await gate.pass("@a:b") { () async throws(Failed) in throw Failed() }
                Issue.record("no failure")
            } catch {}
        }
        #expect(await gate.pass("@a:b") { 7 } == 7)
    }
}
