import Foundation
import JetonAPI
import TestSupport
import Testing

/// Access tokens that live five seconds, at a real homeserver. This takes two minutes, as only time shows it.
@Suite(.needsSynapse, .timeLimit(.minutes(10)))
struct BriefTokenTests {
    private static let use = Duration.seconds(115)

    @Test func `in two minutes of use by several callers, no call fails for a token that has expired`() async throws {
        let bed = try await Proxied(.brief)
        let (agent, user) = (bed.agent, bed.user)
        let end = ContinuousClock.now.advanced(by: Self.use)
        let calls = try await withThrowingTaskGroup { group in
            for _ in 1...3 {
                group.addTask {
                    var calls = 0
                    while ContinuousClock.now < end {
                        #expect(try await agent.call(GetAccountStatus()).account.state == .active)
                        #expect(try await agent.call(GetLoginTokenSupport()).supported)
                        calls += 2
                        // A pace, so that there is something left of the machine.
                        try await Task.sleep(for: .milliseconds(150))
                    }
                    return calls
                }
            }
            group.addTask {
                // The question comes under one access token, the answer under a later one.
                let challenge = try await agent.challenge()
                let renewals = bed.proxy.passages("POST", Paths.refresh).count
                try await eventually("the tokens are renewed meanwhile", within: .seconds(60)) {
                    bed.proxy.passages("POST", Paths.refresh).count > renewals
                }
                let first = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
                let other = OtherClient(bed.homeserver.address)
                #expect(try await other.logIn(token: first.loginToken.reveal()).status == 200)
                try await eventually("the minute is over", within: .seconds(90)) {
                    try await agent.call(GetRateLimitStatus()).limits.allSatisfy { $0.remaining > 0 }
                }
                let again = try await agent.challenge()
                let second = try await agent.patiently(GenerateLoginToken(auth: user.auth(again)))
                #expect(try await other.logIn(token: second.loginToken.reveal()).status == 200)
                return 2
            }
            return try await group.reduce(0, +)
        }
        #expect(calls > 50)
        let renewals = bed.proxy.passages("POST", Paths.refresh)
        // One every four seconds; a busy machine may be late with each.
        #expect(renewals.count > 10)
        #expect(renewals.allSatisfy { $0.status == 200 })
        try await agent.expectSession(on: bed.device)
        try await agent.stop()
        print("Brief tokens: \(calls) calls and \(renewals.count) renewals in \(Self.use), none failed.")
    }
}
