import JetonAPI
import Testing

@testable import Agent

struct MeterTests {
    private let noon = TestClock.noon
    private let single = Quota(count: 1, perMs: 60_000)
    private let burst = Quota(count: 3, perMs: 30_000)

    private func after(_ seconds: Int) -> Moment { noon.advanced(by: .seconds(seconds)) }

    @Test func `grants one a minute`() {
        var meter = Meter()
        #expect(meter.remaining(at: noon, from: single) == 1)
        #expect(meter.take(at: noon, from: single) == .granted)
        #expect(meter.remaining(at: noon, from: single) == 0)
        #expect(meter.take(at: after(1), from: single) == .refused(retryAfter: .seconds(59)))
        #expect(
            meter.take(at: noon.advanced(by: .milliseconds(59_999)), from: single)
                == .refused(retryAfter: .milliseconds(1))
        )
        #expect(meter.take(at: after(60), from: single) == .granted)
    }

    @Test func `grants a burst, then refuses until one is earned`() {
        var meter = Meter()
        let verdicts = (1...4).map { _ in meter.take(at: noon, from: burst) }
        #expect(verdicts == [.granted, .granted, .granted, .refused(retryAfter: .seconds(10))])
        #expect(meter.take(at: after(10), from: burst) == .granted)
        #expect(meter.take(at: after(10), from: burst) == .refused(retryAfter: .seconds(10)))
        #expect(
            (30...50).map { meter.remaining(at: after($0), from: burst) } == Array(repeating: 2, count: 10)
                + Array(repeating: 3, count: 11)
        )
    }

    @Test func `what was refused costs nothing`() {
        var meter = Meter()
        _ = meter.take(at: noon, from: single)
        let before = meter
        for second in 0..<60 { _ = meter.take(at: after(second), from: single) }
        #expect(meter == before)
    }

    @Test func `long idleness earns no more than a burst`() {
        var meter = Meter()
        _ = meter.take(at: noon, from: burst)
        let much = after(86_400)
        #expect(meter.remaining(at: much, from: burst) == 3)
        #expect((1...4).map { _ in meter.take(at: much, from: burst) == .granted } == [true, true, true, false])
    }

    @Test(arguments: [3600, 86_400 * 365])
    func `a clock set back refuses for one interval at most`(_ seconds: Int) {
        var meter = Meter()
        _ = meter.take(at: noon, from: single)
        let earlier = after(-seconds)
        #expect(meter.take(at: earlier, from: single) == .refused(retryAfter: .seconds(60)))
        var full = Meter()
        for _ in 1...3 { _ = full.take(at: noon, from: burst) }
        #expect(full.take(at: earlier, from: burst) == .refused(retryAfter: .seconds(10)))
        #expect(full.remaining(at: earlier, from: burst) == 0)
    }

    @Test(arguments: [3600, 86_400 * 365])
    func `a clock set back holds nobody up for longer than one interval`(_ seconds: Int) {
        var meter = Meter()
        _ = meter.take(at: after(seconds), from: single)
        #expect(meter.take(at: noon, from: single) == .refused(retryAfter: .seconds(60)))
        #expect(meter.take(at: after(30), from: single) == .refused(retryAfter: .seconds(30)))
        #expect(meter.take(at: after(60), from: single) == .granted)
    }

    @Test(arguments: [Quota(count: 1000, perMs: 1), Quota(count: 1, perMs: .max), Quota(count: .max, perMs: .max)])
    func `takes any quota that a file may set`(_ quota: Quota) {
        var meter = Meter()
        #expect(meter.take(at: noon, from: quota) == .granted)
        #expect(meter.remaining(at: noon, from: quota) >= 0)
    }
}
