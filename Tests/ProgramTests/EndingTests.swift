import Foundation
import JetonAPI
import TestSupport
import Testing

/// How a real homeserver ends sessions, and how users do.
@Suite(.needsSynapse, .timeLimit(.minutes(5)))
struct EndingTests {
    @Test func `after a soft logout minting says so, and signing in again keeps the device`() async throws {
        let homeserver = try await SynapseUnderTest.running(.unrefreshing)
        let (user, admin) = (try await homeserver.newUser(), try await homeserver.newAdmin())
        let agent = try await AgentUnderTest().start()
        let first = try await agent.logIn(user, at: homeserver.address)
        #expect(first.state == .active)
        try await eventually("the access token expires", within: .seconds(60)) {
            (try? await agent.call(GetLoginTokenSupport())) == nil
        }
        let account = try await agent.call(GetAccountStatus()).account
        #expect(account.state == .signedOutSoftly)
        #expect(account.cause?.reason == .accessTokenExpired)
        #expect(account.cause?.detail.contains("jeton login \(user.id)") == true)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .sessionExpired)
        #expect(refused.data["soft"] == true)
        // The command says what to do, and what it says helps.
        let minting = try await agent.jeton("token", "--show")
        #expect(minting.status == 6)

        let second = try await agent.logIn(user, at: homeserver.address)
        #expect(second.state == .active)
        #expect(second.deviceId == first.deviceId)
        #expect(try await admin.devices(of: user) == [first.deviceId])
        try await agent.stop()
    }

    @Test func `a lock is told as such, and ends with the session unharmed`() async throws {
        let (agent, user, homeserver, admin) = try await signedInWithAdmin(.asking)
        let before = try await agent.call(GetAccountStatus()).account
        try await admin.setLocked(true, user)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .sessionExpired)
        #expect(refused.message.contains("locked"))
        let locked = try await agent.call(GetAccountStatus()).account
        #expect(locked.state == .locked)
        #expect(locked.cause?.errcode == "M_USER_LOCKED")
        try await admin.setLocked(false, user)
        _ = try await agent.mint(for: user)
        let after = try await agent.call(GetAccountStatus()).account
        #expect(after.state == .active)
        #expect(after.deviceId == before.deviceId)
        #expect(try await admin.devices(of: user) == [before.deviceId])
        withExtendedLifetime(homeserver) {}
        try await agent.stop()
    }

    @Test func `a session that an administrator has ended is over for good, and can be begun anew`() async throws {
        let (agent, user, homeserver, admin) = try await signedInWithAdmin(.asking)
        let device = try await agent.call(GetAccountStatus()).account.deviceId
        try await admin.signOut(device, of: user)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .sessionExpired)
        #expect(refused.data["soft"] == false)
        #expect(try await agent.call(GetAccountStatus()).account.state == .signedOut)
        #expect(try await agent.logIn(user, at: homeserver.address).state == .active)
        _ = try await agent.mint(for: user)
        try await agent.stop()
    }

    @Test func `an account that was deactivated is told as such`() async throws {
        let (agent, user, homeserver, admin) = try await signedInWithAdmin(.asking)
        try await admin.deactivate(user)
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .sessionExpired)
        let again = try await agent.refusal(
            of: LogIn(userId: user.id, homeserver: homeserver.address, password: Secret(user.password))
        )
        #expect(again.kind == .homeserverError)
        _ = try await agent.call(LogOut())
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        try await agent.stop()
    }

    @Test func `logging out with an access token that has expired ends the session at the homeserver`() async throws {
        let (agent, user, homeserver, admin) = try await signedInWithAdmin(.unrefreshing)
        try await eventually("the access token expires", within: .seconds(60)) {
            (try? await agent.call(GetLoginTokenSupport())) == nil
        }
        #expect(try await admin.devices(of: user).count == 1)
        _ = try await agent.call(LogOut())
        #expect(try await admin.devices(of: user).isEmpty)
        #expect(try await agent.refusal(of: LogOut()).kind == .notLoggedIn)
        withExtendedLifetime(homeserver) {}
        try await agent.stop()
    }

    @Test func `logging out of a session that is over already is a success`() async throws {
        let (agent, user, homeserver, admin) = try await signedInWithAdmin(.asking)
        let device = try await agent.call(GetAccountStatus()).account.deviceId
        try await admin.signOut(device, of: user)
        _ = try await agent.call(LogOut())
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        withExtendedLifetime(homeserver) {}
        try await agent.stop()
    }

    @Test(arguments: [Proxy.Mishap.requestHeld, .answerHeld])
    func `logging out while a renewal is under way ends the session, and what the renewal brings is not kept`(
        mishap: Proxy.Mishap
    ) async throws {
        let bed = try await Proxied(.brief)
        let admin = try await bed.homeserver.newAdmin()
        let held = bed.proxy.expect(mishap, at: "POST", Paths.refresh)
        let before = bed.proxy.passages("POST", Paths.refresh).count
        try await held.happened()
        async let loggedOut = bed.agent.call(LogOut())
        // Either it is done before the renewal, or it came so late that it waits for it: the access token has expired.
        let late = ContinuousClock.now.advanced(by: .seconds(3))
        try await eventually("it is done, or waits") {
            let isDone = try await bed.agent.call(ListAccounts()).accounts.isEmpty
            return isDone || ContinuousClock.now > late
        }
        held.letGo()
        _ = try await loggedOut
        try await eventually("the renewal is answered") { bed.proxy.passages("POST", Paths.refresh).count > before }
        // What came after that answer is here, so that was seen to as well.
        for _ in 1...5 { _ = try await bed.agent.call(GetLoginTokenSupport(homeserver: bed.proxy.address)) }
        #expect(try await bed.agent.call(ListAccounts()).accounts.isEmpty)
        #expect(try await admin.devices(of: bed.user).isEmpty)
        let files = try FileManager.default.contentsOfDirectory(atPath: bed.agent.state)
        #expect(files.allSatisfy { !$0.contains("account") })
        try await bed.agent.stop()
    }

    private func signedInWithAdmin(_ setup: Setup) async throws -> (AgentUnderTest, TestUser, SynapseUnderTest, Admin) {
        let homeserver = try await SynapseUnderTest.running(setup)
        let (user, admin) = (try await homeserver.newUser(), try await homeserver.newAdmin())
        let agent = try await AgentUnderTest().start()
        try await agent.logIn(user, at: homeserver.address)
        return (agent, user, homeserver, admin)
    }
}
