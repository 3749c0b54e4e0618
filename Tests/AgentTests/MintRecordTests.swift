import JetonAPI
import Testing

@testable import Agent

struct MintRecordTests {
    private let noon = TestClock.noon
    private let quotas = Quotas()

    private func after(_ seconds: Int) -> Moment { noon.advanced(by: .seconds(seconds)) }

    private func entry(_ id: String, settled: Bool = true) -> MintRecord.Entry {
        .init(
            tokenId: id,
            issuedAt: noon,
            expiresAt: after(120),
            isSettled: settled,
            purpose: nil,
            requester: someone
        )
    }

    @Test func `five wrong passwords within 15 minutes block, until the oldest is that old`() {
        var record = MintRecord()
        record.wrongPasswords = (0..<4).map { after($0 * 60) }
        #expect(record.obstacle(at: after(240), quotas) == nil)
        #expect(record.wrongPasswordLimit("@a:b", at: after(240), quotas.wrongPassword).remaining == 1)
        record.wrongPasswords.append(after(240))
        let blocked = Obstacle(scope: .local, limit: .wrongPassword, wait: .seconds(660))
        #expect(record.obstacle(at: after(240), quotas) == blocked)
        let limit = record.wrongPasswordLimit("@a:b", at: after(240), quotas.wrongPassword)
        #expect(limit.remaining == 0 && limit.retryAfterMs == 660_000)
        #expect(record.obstacle(at: after(899), quotas)?.wait == .seconds(1))
        #expect(record.obstacle(at: after(900), quotas) == nil)
        #expect(record.recentWrongPasswords(at: after(900), quotas.wrongPassword).count == 4)
    }

    @Test func `after a clock was set back, everything ends when it would have`() {
        var record = MintRecord()
        let future = after(86_400)
        record.wrongPasswords = Array(repeating: future, count: 5)
        record.homeserverLimit = .init(notBefore: future.advanced(by: .seconds(30)), waitMs: 30_000)
        _ = record.meter.take(at: future, from: quotas.loginToken)
        record.clamp(at: noon, to: quotas)
        #expect(record.homeserverWait(at: noon) == .seconds(30))
        #expect(record.wrongPasswordWait(at: noon, quotas.wrongPassword) == .seconds(900))
        #expect(record.meter.wait(at: noon, from: quotas.loginToken) == .seconds(60))
        // The clamp is kept: the waits go down from there.
        record.clamp(at: after(900), to: quotas)
        #expect(record.obstacle(at: after(900), quotas) == nil)
    }

    @Test func `a homeserver's 429 stands before all else`() {
        var record = MintRecord()
        record.homeserverLimit = .init(notBefore: after(30), waitMs: 30_000)
        #expect(
            record.obstacle(at: noon, quotas) == Obstacle(scope: .homeserver, limit: .loginToken, wait: .seconds(30))
        )
        let limit = record.loginTokenLimit("@a:b", at: noon, quotas.loginToken)
        #expect(limit.remaining == 0 && limit.retryAfterMs == 30_000 && limit.notBeforeReason == .homeserver)
        #expect(record.obstacle(at: after(30), quotas) == nil)
    }

    @Test func `the longer wait is named`() {
        var record = MintRecord()
        record.homeserverLimit = .init(notBefore: after(30), waitMs: 30_000)
        _ = record.meter.take(at: noon, from: quotas.loginToken)
        let limit = record.loginTokenLimit("@a:b", at: noon, quotas.loginToken)
        #expect(limit.retryAfterMs == 60_000 && limit.notBeforeReason == nil && limit.remaining == 0)
    }

    @Test func `a permit that was taken is the limit's own`() {
        var record = MintRecord()
        _ = record.meter.take(at: noon, from: quotas.loginToken)
        #expect(
            record.obstacle(at: after(18), quotas) == Obstacle(scope: .local, limit: .loginToken, wait: .seconds(42))
        )
        let limit = record.loginTokenLimit("@a:b", at: after(18), quotas.loginToken)
        #expect(
            limit
                == RateLimit(
                    name: .loginToken,
                    account: "@a:b",
                    count: 1,
                    perMs: 60_000,
                    remaining: 0,
                    retryAfterMs: 42_000
                )
        )
        #expect(record.loginTokenLimit("@a:b", at: after(60), quotas.loginToken).remaining == 1)
    }

    @Test func `remembers a hundred tokens, the newest`() {
        var record = MintRecord()
        for number in 1...150 { record.add(entry("t\(number)")) }
        #expect(record.entries.map(\.tokenId) == (51...150).map { "t\($0)" })
    }

    @Test(arguments: [
        (true, 0, IssuedToken.State.live), (true, 119, .live), (true, 120, .expired), (false, 0, .unknown),
        (false, 119, .unknown), (false, 120, .expired),
    ])
    func `a token is live, unknown or expired`(_ isSettled: Bool, _ seconds: Int, _ state: IssuedToken.State) {
        #expect(entry("t", settled: isSettled).issued(of: "@a:b", at: after(seconds)).state == state)
    }
}
