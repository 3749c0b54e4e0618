import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// What homeservers and their administrators do to accounts, and how that is told.
@Suite struct AccountStateTests {
    @Test func `a locked user's session is kept, over a restart too, and works again without the password`()
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        await homeserver.refuse(401, "M_USER_LOCKED")
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .sessionExpired)
        #expect(refused.data["soft"] == true)
        #expect(refused.data["cause"]?["reason"] == "user_locked")
        #expect(refused.data["cause"]?["errcode"] == "M_USER_LOCKED")
        #expect(!refused.message.contains("jeton login"))
        try await agent.killNine()
        try await agent.start()
        let locked = try #require(try await agent.call(ListAccounts()).accounts.first)
        #expect(locked.state == .locked)
        #expect(locked.cause?.errcode == "M_USER_LOCKED")
        #expect(try await agent.call(GetAccountStatus()).account == locked)
        let shown = try await agent.jeton("accounts")
        #expect(shown.output.contains("locked") && shown.output.contains("ask them"))
        #expect(try await agent.jeton("token", "--show").status == 6)

        await homeserver.refuse(nil, nil)
        #expect(try await agent.call(GetAccountStatus()).account.state == .active)
        _ = try await agent.mint(for: user)
        try await agent.stop()
    }

    @Test func `a locked user's minting mends the state by itself, and the permit was never taken`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        await homeserver.refuse(401, "M_USER_LOCKED")
        #expect(try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge))).kind == .sessionExpired)
        #expect(try await agent.call(GetRateLimitStatus()).limits.first?.remaining == 1)
        await homeserver.refuse(nil, nil)
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        #expect(try await agent.call(ListAccounts()).accounts.first?.state == .active)
        try await agent.stop()
    }

    @Test func `a suspended user is told as such until a minting works again`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        await homeserver.refuse(403, "M_USER_SUSPENDED", on: [mintPath])
        let refused = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(refused.kind == .homeserverError)
        #expect(refused.data["errcode"] == "M_USER_SUSPENDED")
        // Reading is allowed to them, and so shows nothing.
        let suspended = try await agent.call(GetAccountStatus()).account
        #expect(suspended.state == .suspended)
        #expect(suspended.cause?.reason == .userSuspended)
        await homeserver.refuse(nil, nil, on: [mintPath])
        _ = try await agent.mint(for: user)
        #expect(try await agent.call(ListAccounts()).accounts.first?.state == .active)
        try await agent.stop()
    }

    @Test func `a user who was deactivated is signed out for good`() async throws {
        let (agent, _, homeserver) = try await signedInAtDev()
        await homeserver.refuse(403, "M_USER_DEACTIVATED")
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .sessionExpired && refused.data["soft"] == false)
        #expect(refused.message.contains("jeton logout --local-only"))
        #expect(try await agent.call(ListAccounts()).accounts.first?.state == .signedOut)
        #expect(try await agent.jeton("logout", "--local-only").status == 0)
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        try await agent.stop()
    }

    @Test(arguments: [401, 403])
    func `a refresh token that is refused signs out softly, whatever the status, and signing in again keeps the device`(
        status: Int
    ) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let before = try #require(try await agent.call(ListAccounts()).accounts.first)
        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        await homeserver.refuse(status, status == 401 ? "M_UNKNOWN_TOKEN" : "M_FORBIDDEN", on: [refreshPath])
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .sessionExpired && refused.data["soft"] == true)
        #expect(refused.data["cause"]?["reason"] == "refresh_refused")
        #expect(refused.message.contains("jeton login \(user.id)"))
        try await agent.killNine()
        try await agent.start()
        #expect(try await agent.call(GetAccountStatus()).account.state == .signedOutSoftly)
        let account = try await agent.logIn(user, at: homeserver.address)
        #expect(account.state == .active && account.cause == nil && account.deviceId == before.deviceId)
        try await agent.stop()
    }

    @Test func `a session that was ended elsewhere is believed only after its refresh token was tried`() async throws {
        let (agent, _, homeserver) = try await signedInAtDev()
        let page = "/_matrix/client/v3/capabilities"
        let refusal = #"{"errcode":"M_UNKNOWN_TOKEN","error":"Invalid access token passed.","soft_logout":false}"#
        let answer = DevHomeserver.Misbehaviour.answer(
            status: 401,
            contentType: "application/json",
            body: refusal,
            headers: [:]
        )
        await homeserver.server.misbehave(on: page, answer)
        #expect(try await agent.refusal(of: GetLoginTokenSupport()).kind == .homeserverError)
        #expect(await homeserver.server.seenRequests.contains { $0.path == refreshPath && $0.status == 200 })
        await homeserver.server.misbehave(on: page, nil)
        #expect(try await agent.call(GetAccountStatus()).account.state == .active)
        try await agent.stop()
    }

    @Test(.enabled(if: HomeserverKind.available.contains(.synapse)))
    func `what Synapse's administrator does is seen, and mends itself`() async throws {
        let homeserver = try await SynapseUnderTest.running(.asking)
        let user = try await homeserver.newUser()
        let admin = try await homeserver.newAdmin()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let account = try await agent.logIn(user, at: homeserver.address)

        try await admin.setLocked(true, user)
        #expect(try await agent.call(GetAccountStatus()).account.state == .locked)
        try await admin.setLocked(false, user)
        #expect(try await agent.call(GetAccountStatus()).account.state == .active)

        // Synapse mints for suspended users, as it does in the recording.
        try await admin.setSuspended(true, user)
        _ = try await agent.mint(for: user)
        try await admin.setSuspended(false, user)

        try await admin.signOut(account.deviceId, of: user)
        let ended = try await agent.call(GetAccountStatus()).account
        #expect(ended.state == .signedOut)
        #expect(ended.cause?.detail.contains("jeton login \(user.id)") == true)
        #expect(try await agent.logIn(user, at: homeserver.address).deviceId == account.deviceId)

        try await admin.deactivate(user)
        let gone = try await agent.call(GetAccountStatus()).account
        #expect(gone.cause != nil && gone.state != .active)
        try await agent.stop()
    }
}

private let refreshPath = "/_matrix/client/v3/refresh"
private let mintPath = "/_matrix/client/v1/login/get_token"

extension DevHomeserverUnderTest {
    /// Answers so to whatever is asked in the name of a user; nil: as it should.
    fileprivate func refuse(
        _ status: Int?,
        _ errcode: String?,
        on paths: [String] = [mintPath, "/_matrix/client/v3/capabilities"]
    ) async {
        let body = #"{"errcode":"\#(errcode ?? "")","error":"so it is","soft_logout":true}"#
        for path in paths {
            await server.misbehave(
                on: path,
                status.map { .answer(status: $0, contentType: "application/json", body: body, headers: [:]) }
            )
        }
    }
}
