import JetonAPI
import TestSupport
import Testing

/// Accounts on several real homeservers, which have nothing to do with one another.
@Suite(.needsSynapse, .timeLimit(.minutes(5)))
struct TwoHomeserversTests {
    @Test func `while one homeserver hangs, everything at the other goes on`() async throws {
        let folder = try ScratchFolder()
        let hanging = try await SynapseUnderTest.own(in: folder)
        let healthy = try await SynapseUnderTest.running(.brief)
        let (one, two) = (try await hanging.newUser(), try await healthy.newUser())
        let agent = try await AgentUnderTest().start()
        // Both live at a "localhost"; the user ids differ, as the names do.
        try await agent.logIn(one, at: hanging.address)
        try await agent.logIn(two, at: healthy.address)

        try hanging.hang()
        try await withThrowingTaskGroup { group in
            // A failure here must not leave the others waiting.
            defer { try? hanging.goOn() }
            for _ in 1...8 {
                group.addTask {
                    _ = try await agent.call(GetLoginTokenSupport(account: one.id))
                    return ContinuousClock.now
                }
            }
            for _ in 1...5 {
                #expect(try await agent.call(GetLoginTokenSupport(account: two.id)).supported)
                #expect(try await agent.call(GetAccountStatus(account: two.id)).account.state == .active)
            }
            _ = try await agent.call(RefreshAccount(account: two.id))
            _ = try await agent.mint(for: two)
            #expect(try await agent.call(ListAccounts()).accounts.count == 2)
            let done = ContinuousClock.now
            try hanging.goOn()
            // What waited is answered, and only now: all of the above took its usual time.
            for try await answered in group { #expect(answered > done) }
        }
        _ = try await agent.mint(for: one)
        try await agent.stop()
    }
}
