import Testing

@testable import RPCServer

struct AlarmsTests {
    private var alarms = Alarms<String>()
    private let now = SuspendingClock.Instant.now

    private func after(_ seconds: Int) -> SuspendingClock.Instant { now + .seconds(seconds) }

    @Test mutating func `gives what is due, the earliest first, and once`() {
        for (seconds, name) in [(3, "c"), (1, "a"), (9, "z"), (2, "b")] { _ = alarms.add(at: after(seconds), name) }
        #expect(alarms.next == after(1))
        #expect(alarms.take(at: now) == [])
        #expect(alarms.take(at: after(3)) == ["a", "b", "c"])
        #expect(alarms.take(at: after(3)) == [])
        #expect(alarms.next == after(9))
    }

    @Test mutating func `those of one moment come in the order in which they were set`() {
        for name in ["a", "b", "c"] { _ = alarms.add(at: after(1), name) }
        #expect(alarms.take(at: after(1)) == ["a", "b", "c"])
    }

    @Test(arguments: 0..<4) mutating func `one that is cancelled does not come, and all others do`(_ index: Int) {
        let names = ["a", "b", "c", "d"]
        let tokens = names.map { alarms.add(at: after($0 == "c" ? 1 : 2), $0) }
        alarms.cancel(tokens[index])
        // Cancelled already, or over.
        alarms.cancel(tokens[index])
        #expect(alarms.take(at: after(2)).sorted() == names.filter { $0 != names[index] })
        alarms.cancel(tokens[index])
        #expect(alarms.next == nil)
    }
}
