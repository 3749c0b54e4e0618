import Foundation
import JetonAPI
import TestSupport
import Testing

/// Renewals whose request or answer is lost on the way to a real homeserver, which may have changed the tokens by then.
@Suite(.needsSynapse, .timeLimit(.minutes(5)))
struct LostRenewalTests {
    @Test(arguments: Proxy.Mishap.allCases)
    func `the agent makes up for it by itself, and is never signed out`(mishap: Proxy.Mishap) async throws {
        let bed = try await Proxied(.brief)
        let lost = bed.proxy.expect(mishap, at: "POST", Paths.refresh)
        let before = bed.proxy.passages("POST", Paths.refresh).count
        try await lost.happened()
        lost.abandon()
        // Nobody asks for anything: it is the agent that tries again.
        let handled = mishap == .requestHeld ? 0 : 1
        try await eventually("it renews again", within: .seconds(60)) {
            bed.proxy.passages("POST", Paths.refresh).count > before + handled
        }
        #expect(bed.proxy.passages("POST", Paths.refresh).allSatisfy { $0.status == 200 })
        try await eventually("the account is active") {
            let state = try await bed.agent.call(GetAccountStatus()).account.state
            #expect([.active, .offline].contains(state))
            return state == .active
        }
        try await bed.agent.expectSession(on: bed.device)
        try await bed.agent.stop()
    }

    @Test(arguments: Proxy.Mishap.allCases)
    func `promise 5: kill -9 in that moment loses nothing`(mishap: Proxy.Mishap) async throws {
        let bed = try await Proxied(.brief)
        let lost = bed.proxy.expect(mishap, at: "POST", Paths.refresh)
        try await lost.happened()
        try await bed.agent.killNine()
        lost.abandon()
        try await bed.agent.start()
        try await bed.agent.expectSession(on: bed.device)
        #expect(bed.proxy.passages("POST", Paths.refresh).allSatisfy { $0.status == 200 })
        try await bed.agent.stop()
    }

    @Test func `a caller that goes away while others wait for a renewal leaves it to them`() async throws {
        let bed = try await Proxied(.brief)
        let held = bed.proxy.expect(.answerHeld, at: "POST", Paths.refresh)
        try await held.happened()
        let passed = bed.proxy.passagesSoFar.count
        async let waiting = bed.agent.call(RefreshAccount())
        // socat ends at once after its request, and its connection with it.
        let request = #"{"jsonrpc":"2.0","id":1,"method":"account.refresh"}"# + "\n"
        _ = try await run("/usr/bin/socat", ["-u", "-", "UNIX-CONNECT:\(bed.agent.socket)"], input: request)
        held.letGo()
        #expect(try await waiting.account.state == .active)
        #expect(bed.proxy.passagesSoFar[passed...].count { $0.path == Paths.refresh } <= 2)
        try await bed.agent.expectSession(on: bed.device)
        try await bed.agent.stop()
    }
}
