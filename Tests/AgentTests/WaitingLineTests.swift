import Synchronization
import Testing

@testable import Agent

@Suite(.timeLimit(.minutes(5))) struct WaitingLineTests {
    private final class Order: Sendable { let numbers = Mutex<[Int]>([]) }

    private let line = WaitingLine(pause: realPause)
    private let long = Duration.seconds(3600)

    /// Waits until so many stand behind the first one.
    private func waitFor(_ count: Int, behind account: String) async throws {
        while line.length(of: account) != count { try await Task.sleep(for: .milliseconds(1)) }
    }

    @Test func `the first goes at once, the others in the order in which they came`() async throws {
        let order = Order()
        #expect(await line.enter("@a:b", within: long))
        try await withThrowingTaskGroup { group in
            for number in 1...5 {
                group.addTask {
                    #expect(await line.enter("@a:b", within: long))
                    order.numbers.withLock { $0.append(number) }
                    line.leave("@a:b")
                }
                try await waitFor(number, behind: "@a:b")
            }
            line.leave("@a:b")
            try await group.waitForAll()
        }
        #expect(order.numbers.withLock { $0 } == [1, 2, 3, 4, 5])
        #expect(await line.enter("@a:b", within: long))
    }

    @Test func `a free place takes no patience`() async {
        for _ in 1...100 {
            #expect(await line.enter("@a:b", within: .zero))
            line.leave("@a:b")
        }
    }

    @Test func `accounts have lines of their own`() async {
        #expect(await line.enter("@a:b", within: long))
        #expect(await line.enter("@c:d", within: long))
    }

    @Test func `whoever is cancelled, or has waited long enough, goes away without a turn`() async throws {
        #expect(await line.enter("@a:b", within: long))
        let cancelled = Task { await line.enter("@a:b", within: long) }
        try await waitFor(1, behind: "@a:b")
        let patient = Task { await line.enter("@a:b", within: long) }
        try await waitFor(2, behind: "@a:b")
        cancelled.cancel()
        #expect(await cancelled.value == false)
        #expect(await line.enter("@a:b", within: .milliseconds(1)) == false)
        try await waitFor(1, behind: "@a:b")
        line.leave("@a:b")
        #expect(await patient.value)
        line.leave("@a:b")
        // Cancelled before it began.
        await withTaskGroup(of: Void.self) { group in
            group.cancelAll()
            group.addTask { if await line.enter("@a:b", within: long) { line.leave("@a:b") } }
        }
        #expect(await line.enter("@a:b", within: long))
    }
}
