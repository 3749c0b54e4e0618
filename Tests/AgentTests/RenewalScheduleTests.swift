import JetonAPI
import Testing

@testable import Agent

struct RenewalScheduleTests {
    private let noon = TestClock.noon

    private func schedule(_ left: Duration, of life: Duration?) -> RenewalSchedule {
        RenewalSchedule(expiresAt: noon.advanced(by: left), life: life)
    }

    /// The life of a token that was just given, and when it is renewed.
    private static let lives: [(life: Duration, wait: Duration)] = [
        (.seconds(5), .seconds(4)), (.seconds(60), .seconds(48)), (.seconds(300), .seconds(240)),
        (.seconds(3600), .seconds(3300)), (.seconds(86_400), .seconds(86_100)),
        // So short that a fifth is nothing: then after a second, whatever expires meanwhile.
        (.milliseconds(500), .seconds(1)), (.zero, .seconds(1)),
    ]

    @Test(arguments: lives)
    func `a token is renewed a fifth of its life before its end, five minutes at most`(
        life: Duration,
        wait: Duration
    ) {
        #expect(schedule(life, of: life).wait(at: noon) == wait)
    }

    @Test func `a token that is due is due until it is renewed, expired or not`() {
        let schedule = schedule(.seconds(300), of: .seconds(300))
        for later in [240, 300, 100_000] {
            #expect(schedule.wait(at: noon.advanced(by: .seconds(later))) == .zero)
        }
        #expect(!schedule.hasExpired(at: noon.advanced(by: .milliseconds(299_999))))
        #expect(schedule.hasExpired(at: noon.advanced(by: .seconds(300))))
    }

    @Test func `a token of which nothing is known is never renewed unasked, and never taken for expired`() {
        let schedule = RenewalSchedule()
        #expect(schedule.wait(at: noon) == nil)
        #expect(!schedule.hasExpired(at: noon))
    }

    @Test func `of a life that is not known half a minute is left`() {
        #expect(schedule(.seconds(90), of: nil).wait(at: noon) == .seconds(60))
    }

    @Test func `a homeserver that renews nothing is not asked unasked`() {
        var schedule = schedule(.zero, of: .seconds(5))
        schedule.isSwitchedOff = true
        #expect(schedule.wait(at: noon.advanced(by: .seconds(9))) == nil)
    }

    @Test func `a failure delays the next try, even of what is due`() {
        var schedule = schedule(.seconds(2), of: .seconds(300))
        schedule.backoff.fail(.homeserver, at: noon, retryAfter: .seconds(40), chance: 0)
        #expect(schedule.wait(at: noon) == .seconds(40))
        #expect(schedule.wait(at: noon.advanced(by: .seconds(40))) == .zero)
    }

    @Test func `a clock that is set back makes neither life nor wait longer`() {
        var schedule = schedule(.seconds(300), of: .seconds(300))
        schedule.backoff.fail(.network, at: noon, chance: 0)
        let yesterday = noon.advanced(by: .seconds(-86_400))
        schedule.clamp(at: yesterday)
        #expect(schedule.expiresAt == yesterday.advanced(by: .seconds(300)))
        #expect(schedule.backoff.left(at: yesterday) == .seconds(1))
        #expect(schedule.wait(at: yesterday) == .seconds(240))
    }

    @Test func `there is no plan for a session that cannot be renewed, has ended or is locked`() throws {
        var session = try SessionRecord.example
        #expect(RenewalSchedule(of: session) == nil)
        session.refreshToken = Secret("canary-refresh")
        #expect(RenewalSchedule(of: session) != nil)
        for (reason, isPlanned) in [
            (Trouble.Reason.refreshRefused, false), (.sessionEnded, false), (.userLocked, false),
            (.userSuspended, true),
        ] {
            session.trouble = Trouble(reason: reason, at: noon)
            #expect((RenewalSchedule(of: session) != nil) == isPlanned, "\(reason)")
        }
    }
}

struct BackoffTests {
    private let noon = TestClock.noon

    @Test func `waits twice as long each time, up to five minutes`() {
        var backoff = Backoff()
        #expect(backoff.left(at: noon) == .zero)
        let waits = (1...1000).map { _ in
            backoff.fail(.network, at: noon, chance: 0)
            return backoff.left(at: noon)
        }
        let expected: [Duration] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300].map { .seconds($0) }
        #expect(Array(waits[..<10]) == expected)
        #expect(waits.dropFirst(10).allSatisfy { $0 == .seconds(300) })
        #expect(backoff.left(at: noon.advanced(by: .seconds(299))) == .seconds(1))
        #expect(backoff.left(at: noon.advanced(by: .seconds(400))) == .zero)
    }

    @Test(arguments: [(0.0, 64_000), (0.5, 48_000), (1.0, 32_000)])
    func `chance takes up to half of a wait away`(chance: Double, milliseconds: Int) {
        var backoff = Backoff()
        for _ in 1...7 { backoff.fail(.network, at: noon, chance: chance) }
        #expect(backoff.left(at: noon) == .milliseconds(milliseconds))
    }

    @Test func `the homeserver's wish is obeyed, however long, by those who ask too`() {
        var backoff = Backoff()
        backoff.fail(.homeserver, at: noon, retryAfter: .seconds(3600), chance: 0.7)
        #expect(backoff.left(at: noon) == .seconds(3600))
        #expect(backoff.orderedLeft(at: noon) == .seconds(3600))
        // A shorter wish than our own wait is no order to be quick.
        for _ in 1...8 { backoff.fail(.homeserver, at: noon, retryAfter: .seconds(2), chance: 0) }
        #expect(backoff.left(at: noon) == .seconds(256))
    }

    @Test func `whoever asks need not wait for what is only our own caution`() {
        var backoff = Backoff()
        for _ in 1...9 { backoff.fail(.network, at: noon, chance: 0) }
        #expect(backoff.orderedLeft(at: noon) == .zero)
    }

    @Test func `a network that is back ends the network's failures, not the homeserver's`() {
        var backoff = Backoff()
        backoff.fail(.network, at: noon, chance: 0)
        backoff.networkIsBack()
        #expect(backoff == Backoff())
        backoff.fail(.homeserver, at: noon, chance: 0)
        backoff.networkIsBack()
        #expect(backoff.left(at: noon) == .seconds(1))
    }
}
