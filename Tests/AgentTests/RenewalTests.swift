import DevHomeserver
import FoundationEssentials
import JetonAPI
import Testing
import Vault

@testable import Agent

/// Renewals against a real homeserver, with the clock in the test's hand.
@Suite(.timeLimit(.minutes(5)))
struct RenewalTests {
    @Test func `the alarm is set to a fifth before the end, and each ring renews`() async throws {
        let test = try await AccountsUnderTest()
        for round in 1...3 {
            #expect(test.alarm == .seconds(240))
            let before = try test.saved
            try await test.ring()
            #expect(await test.renewals == round)
            let after = try #require(try test.saved)
            #expect(after.accessToken != before?.accessToken && after.refreshToken != before?.refreshToken)
            #expect(after.accessTokenExpiresAt == test.clock.now.advanced(by: .seconds(300)))
            #expect(try await test.account.accessTokenExpiresAt == after.accessTokenExpiresAt)
        }
        #expect(try await test.capability() == true)
        #expect(await test.renewals == 3)
    }

    @Test func `an alarm that rings early, or twice, renews nothing`() async throws {
        let test = try await AccountsUnderTest()
        test.clock.advance(by: .milliseconds(239_999))
        await test.accounts.renewWhatIsDue()
        await test.accounts.finish()
        #expect(await test.renewals == 0)
        #expect(test.alarm == .milliseconds(1))
        try await test.ring()
        await test.accounts.renewWhatIsDue()
        await test.accounts.finish()
        #expect(await test.renewals == 1)
    }

    @Test func `tokens that live for ever set no alarm`() async throws {
        let test = try await AccountsUnderTest(life: nil)
        #expect(test.alarm == nil)
    }

    @Test func `what was slept through is renewed by whoever asks first, once`() async throws {
        let test = try await AccountsUnderTest()
        test.clock.advance(by: .seconds(100_000))
        try await withThrowingTaskGroup { group in
            for _ in 1...20 { group.addTask { try await test.capability() } }
            for try await capability in group { #expect(capability == true) }
        }
        #expect(await test.renewals == 1)
        // None of them was refused first: the clock told.
        #expect(await test.server.seenRequests.allSatisfy { $0.status == 200 })
    }

    @Test func `failures wait longer each time, as long as the homeserver wants, and then it goes on`() async throws {
        let test = try await AccountsUnderTest()
        await test.answerRenewals(500)
        var waits: [Duration] = []
        for _ in 1...11 {
            try await test.ring()
            waits.append(try #require(test.alarm))
        }
        let expected: [Duration] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300].map { .seconds($0) }
        #expect(waits == expected)
        await test.answerRenewals(429, #"{"errcode":"M_LIMIT_EXCEEDED"}"#, headers: ["Retry-After": "1800"])
        try await test.ring()
        #expect(test.alarm == .seconds(1800))
        await test.answerRenewals(nil)
        try await test.ring()
        #expect(test.alarm == .seconds(240))
        #expect(try await test.account.state == .active)
    }

    @Test func `while the access token lives, a renewal that fails keeps nobody from using it`() async throws {
        let test = try await AccountsUnderTest()
        await test.answerRenewals(503)
        try await test.ring()
        #expect(try await test.capability() == true)
        #expect(try await test.account.state == .active)
        #expect(await test.renewals == 1)
    }

    @Test func `the homeserver's wish holds for those who ask, and is told`() async throws {
        let test = try await AccountsUnderTest()
        await test.answerRenewals(429, #"{"errcode":"M_LIMIT_EXCEEDED"}"#, headers: ["Retry-After": "60"])
        test.clock.advance(by: .seconds(400))
        for _ in 1...3 {
            let error = try await test.refusal()
            #expect(error.kind == .rateLimited && error.data["retry_after_ms"] == 60_000)
        }
        #expect(await test.renewals == 1)
        test.clock.advance(by: .seconds(60))
        await test.answerRenewals(nil)
        #expect(try await test.capability() == true)
    }

    @Test func `a network that is away is told once, watched for, and its return renews at once`() async throws {
        let test = try await AccountsUnderTest()
        await test.server.stop()
        for _ in 1...6 { try await test.ring() }
        #expect(test.states == [.active, .offline])
        #expect(try await test.account.cause?.reason == .unreachable)
        #expect(test.alarm == .seconds(32))
        #expect(test.watchesNetwork)
        _ = try await test.server.start()
        await test.accounts.networkHasChanged()
        await test.accounts.finish()
        #expect(test.states == [.active, .offline, .active])
        #expect(test.alarm == .seconds(240))
        #expect(!test.watchesNetwork)
    }

    @Test func `whoever asks tries at once, whatever our own caution, and success ends it`() async throws {
        let test = try await AccountsUnderTest()
        test.clock.advance(by: .seconds(400))
        await test.server.stop()
        for _ in 1...5 {
            await test.accounts.renewWhatIsDue()
            await test.accounts.finish()
            test.clock.advance(by: test.alarm ?? .zero)
        }
        await test.accounts.renewWhatIsDue()
        await test.accounts.finish()
        _ = try await test.server.start()
        #expect(try await test.capability() == true)
        #expect(try await test.account.state == .active)
        #expect(test.alarm == .seconds(240))
    }

    @Test func `an answer that was lost is asked for again with the old token, which the homeserver still takes`()
        async throws
    {
        let test = try await AccountsUnderTest()
        await test.server.misbehave(on: AccountsUnderTest.refreshPath, .stallAfterHandling)
        let before = try test.saved
        test.clock.advance(by: .seconds(240))
        await test.accounts.renewWhatIsDue()
        while await test.renewals == 0 { await Task.yield() }
        // The connection goes with the homeserver.
        await test.server.stop()
        await test.accounts.finish()
        #expect(try test.saved == before)
        await test.server.misbehave(on: AccountsUnderTest.refreshPath, nil)
        _ = try await test.server.start()
        await test.accounts.networkHasChanged()
        await test.accounts.finish()
        #expect(try test.saved?.accessToken != before?.accessToken)
        #expect(try await test.capability() == true)
    }

    @Test func `a caller that goes away leaves at once, and the renewal goes on for the others`() async throws {
        let test = try await AccountsUnderTest()
        await test.server.misbehave(on: AccountsUnderTest.refreshPath, .stall)
        test.clock.advance(by: .seconds(400))
        let patient = Task { try await test.capability() }
        let impatient = Task { try await test.capability() }
        while await test.renewals == 0 { await Task.yield() }
        impatient.cancel()
        // Nothing was answered yet, so only the cancellation can end this.
        await #expect(throws: SessionFailure.agent(.withdrawn)) { try await impatient.value }
        await test.server.stop()
        // Not withdrawn: the renewal itself failed.
        let failure = await #expect(throws: SessionFailure.self) { try await patient.value }
        #expect(failure?.agentError(at: test.address).kind == .homeserverUnreachable)
    }

    @Test func `a caller that goes away says nothing about the homeserver`() async throws {
        let test = try await AccountsUnderTest()
        let path = "/_matrix/client/v3/capabilities"
        await test.server.misbehave(on: path, .stall)
        let caller = Task { try await test.capability() }
        while await !test.server.seenRequests.contains(where: { $0.path == path }) { await Task.yield() }
        caller.cancel()
        await #expect(throws: SessionFailure.agent(.withdrawn)) { try await caller.value }
        #expect(test.states == [.active])
        #expect(try await test.account.state == .active)
    }

    /// Begins a renewal that the homeserver has done, and answers only when it lets go.
    private func beginLateRenewal(_ test: AccountsUnderTest) async throws {
        await test.server.misbehave(on: AccountsUnderTest.refreshPath, .hold)
        let before = await test.renewals
        test.clock.advance(by: .seconds(240))
        await test.accounts.renewWhatIsDue()
        while await test.renewals == before { await Task.yield() }
        await test.server.misbehave(on: AccountsUnderTest.refreshPath, nil)
    }

    @Test func `a session that is signed out while it is renewed does not come back`() async throws {
        let test = try await AccountsUnderTest()
        try await beginLateRenewal(test)
        try await test.accounts.forget(try #require(await test.accounts.session(of: test.alice)))
        await test.server.letGo()
        await test.accounts.finish()
        #expect(try test.saved == nil)
        #expect(await test.accounts.userIds == [])
        #expect(test.alarm == nil)
    }

    @Test func `a session that is begun anew while the old one is renewed is the one that stays`() async throws {
        let test = try await AccountsUnderTest()
        try await beginLateRenewal(test)
        try await test.signIn()
        let begun = try test.saved
        await test.server.letGo()
        await test.accounts.finish()
        #expect(try test.saved == begun)
        #expect(await test.accounts.session(of: test.alice) == begun)
        #expect(try await test.capability() == true)
    }

    @Test func `a renewal that is refused after a new sign-in touches nothing of that`() async throws {
        let test = try await AccountsUnderTest()
        await test.server.endSessions(of: "alice")
        try await beginLateRenewal(test)
        async let joined: Void = test.accounts.refresh(test.alice)
        try await test.signIn()
        let begun = try test.saved
        await test.server.letGo()
        await test.accounts.finish()
        // Whether it joined the former one's or began one of its own.
        try await joined
        #expect(try test.saved?.signInId == begun?.signInId)
        #expect(test.states == [.active])
        #expect(test.alarm == .seconds(240))
        #expect(try await test.capability() == true)
    }

    @Test func `a homeserver that only prolongs the same access token is asked again in good time`() async throws {
        let test = try await AccountsUnderTest()
        let token = try #require(try test.saved).accessToken.reveal()
        await test.answerRenewals(200, #"{"access_token":"\#(token)","expires_in_ms":300000}"#)
        for _ in 1...3 {
            #expect(test.alarm == .seconds(240))
            try await test.ring()
        }
        #expect(test.alarm == .seconds(240))
    }

    @Test func `the default that is chosen while another account is forgotten stays`() async throws {
        let test = try await AccountsUnderTest()
        let alice = try #require(await test.accounts.session(of: test.alice))
        let others = ["@bob:localhost", "@carol:localhost"].map { userId in
            var other = alice
            other.userId = userId
            return other
        }
        for other in others { try await test.accounts.keep(other) }
        for _ in 1...20 {
            try await test.accounts.keep(alice)
            try await test.accounts.setDefault(test.alice)
            async let chosen: Void = test.accounts.setDefault("@bob:localhost")
            try await test.accounts.forget(alice)
            try await chosen
            #expect(try await test.accounts.find(nil) == "@bob:localhost")
        }
    }

    @Test func `nothing is begun after a stop, and what is under way ends first`() async throws {
        let test = try await AccountsUnderTest()
        test.clock.advance(by: .seconds(240))
        await test.accounts.renewWhatIsDue()
        await test.accounts.stop()
        #expect(test.alarm == nil)
        await test.accounts.finish()
        #expect(await test.renewals == 1)
        #expect(try test.saved?.accessTokenExpiresAt == test.clock.now.advanced(by: .seconds(300)))
        test.clock.advance(by: .seconds(240))
        await test.accounts.renewWhatIsDue()
        await test.accounts.finish()
        #expect(await test.renewals == 1)
        #expect(test.alarm == nil)
    }

    @Test func `a pair that could not be saved is kept, and saved before another is asked for`() async throws {
        let test = try await AccountsUnderTest()
        let before = try #require(try test.saved)
        // Nothing can be written where a folder stands in the way.
        let blocker = "\(test.folder.path)/.\(before.fileName).new"
        try FileManager.default.createDirectory(atPath: blocker, withIntermediateDirectories: false)
        try await test.ring()
        #expect(await test.renewals == 1)
        #expect(try test.saved == before)
        try FileManager.default.removeItem(atPath: blocker)
        // Some homeservers take the old refresh token no more once it was used.
        await test.answerRenewals(401, #"{"errcode":"M_UNKNOWN_TOKEN","error":"used","soft_logout":false}"#)
        try await test.ring()
        #expect(await test.renewals == 1)
        #expect(try await test.account.state == .active)
        #expect(try test.saved?.refreshToken != before.refreshToken)
        #expect(try await test.capability() == true)
        await test.answerRenewals(nil)
        try await test.ring()
        #expect(await test.renewals == 2)
    }

    @Test func `a pair that could not be saved is saved at the latest when the agent stops`() async throws {
        let test = try await AccountsUnderTest()
        let before = try #require(try test.saved)
        let blocker = "\(test.folder.path)/.\(before.fileName).new"
        try FileManager.default.createDirectory(atPath: blocker, withIntermediateDirectories: false)
        try await test.ring()
        try FileManager.default.removeItem(atPath: blocker)
        await test.accounts.stop()
        await test.accounts.finish()
        #expect(await test.renewals == 1)
        #expect(try test.saved?.refreshToken != before.refreshToken)
    }

    @Test func `a homeserver that no longer renews is used to the token's end, and then it says what to do`()
        async throws
    {
        let test = try await AccountsUnderTest()
        await test.server.change { $0.offersRefresh = false }
        try await test.ring()
        #expect(test.alarm == nil)
        #expect(try await test.capability() == true)
        #expect(try await test.account.state == .active)
        test.clock.advance(by: .seconds(60))
        await #expect(throws: SessionFailure.self) { try await test.capability() }
        #expect(try await test.account.state == .signedOutSoftly)
        #expect(try await test.account.cause?.reason == .accessTokenExpired)
        // A homeserver that renews again brings it back, without the password.
        await test.server.change { $0.offersRefresh = true }
        try await test.accounts.refresh(test.alice)
        #expect(try await test.account.state == .active)
        #expect(test.alarm == .seconds(240))
    }

    @Test(arguments: [
        (404, "<html>"), (404, "{}"), (403, "<html>"), (401, "{}"), (403, "{}"), (302, ""), (200, "<html>"),
    ])
    func `a proxy's page in place of a renewal ends nothing, and is told when nothing works without`(
        status: Int,
        body: String
    ) async throws {
        let test = try await AccountsUnderTest()
        await test.answerRenewals(status, body)
        try await test.ring()
        #expect(try await test.account.state == .active)
        test.clock.advance(by: .seconds(400))
        await #expect(throws: SessionFailure.self) { try await test.capability() }
        #expect(try await test.account.state == .offline)
        #expect(try await test.account.cause?.reason == .homeserverFailing)
        await test.answerRenewals(nil)
        #expect(try await test.capability() == true)
        #expect(try await test.account.state == .active)
    }

    @Test func `a homeserver that gives tokens and refuses them is not followed for ever, and ends nothing`()
        async throws
    {
        let test = try await AccountsUnderTest()
        let refusal = #"{"errcode":"M_UNKNOWN_TOKEN","error":"no","soft_logout":false}"#
        await test.server.misbehave(
            on: "/_matrix/client/v3/capabilities",
            .answer(status: 401, contentType: "application/json", body: refusal, headers: [:])
        )
        await #expect(throws: SessionFailure.self) { try await test.capability() }
        #expect(await test.renewals == 2)
        #expect(try await test.account.state == .active)
    }

    @Test func `a session that is refused for good, and not renewed either, is over`() async throws {
        let test = try await AccountsUnderTest()
        await test.server.endSessions(of: "alice")
        let error = try await test.refusal()
        #expect(error.kind == .sessionExpired && error.data["soft"] == false)
        #expect(try await test.account.state == .signedOut)
        #expect(try await test.account.cause?.reason == .sessionEnded)
        #expect(try test.saved?.ending?.reason == .sessionEnded)
    }

    @Test func `a refresh token that is refused ends the session, over a restart too`() async throws {
        let test = try await AccountsUnderTest()
        await test.answerRenewals(403, #"{"errcode":"M_FORBIDDEN","error":"The supplied refresh token has expired"}"#)
        try await test.ring()
        #expect(test.states == [.active, .signedOutSoftly])
        #expect(test.alarm == nil)
        #expect(try test.saved?.ending?.reason == .refreshRefused)
        let error = try await test.refusal()
        #expect(error.kind == .sessionExpired && error.data["soft"] == true)
        #expect(error.data["cause"]?["reason"] == "refresh_refused")
    }
}
