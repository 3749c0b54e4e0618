import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Sessions that live on while nobody asks for anything: the whole agent, with the kernel's timers.
@Suite struct RenewalTests {
    @Test func `a session is renewed in time with nobody asking, and nothing else is sent`() async throws {
        // Longer than a busy machine takes to sign in.
        let (agent, user, homeserver) = try await signedInAtDev { $0.accessTokenLifetime = .seconds(8) }
        let requests = await homeserver.server.seenRequests.count
        try await eventually("it is renewed twice", within: .seconds(60)) { await homeserver.renewals >= 2 }
        #expect(await homeserver.server.seenRequests.dropFirst(requests).allSatisfy { $0.path.hasSuffix("/refresh") })
        #expect(await homeserver.server.seenRequests.allSatisfy { $0.status == 200 })
        let account = try #require(try await agent.call(ListAccounts()).accounts.first)
        #expect(account.state == .active && account.cause == nil)
        _ = try await agent.mint(for: user)
        try await agent.stop()
    }

    @Test func `a session that was due while the agent was not there is renewed when it starts`() async throws {
        let (agent, _, homeserver) = try await signedInAtDev { $0.accessTokenLifetime = .seconds(1) }
        let expiresAt = try #require(try await agent.call(ListAccounts()).accounts.first?.accessTokenExpiresAt)
        try await agent.killNine()
        await homeserver.server.change { $0.accessTokenLifetime = .seconds(300) }
        let before = await homeserver.renewals
        try await eventually("it is due") { .now > expiresAt }
        try await agent.start()
        try await eventually("it is renewed") { await homeserver.renewals > before }
        try await eventually("it is told") {
            try await agent.call(ListAccounts()).accounts.first?.accessTokenExpiresAt ?? .now
                > .now.advanced(by: .seconds(200))
        }
        try await agent.stop()
    }

    @Test func `the homeserver has renewed, and the agent was killed before it heard: the next start mends it`()
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev { $0.accessTokenLifetime = .seconds(2) }
        await homeserver.server.misbehave(on: refreshPath, .stallAfterHandling)
        let before = await homeserver.renewals
        try await eventually("the homeserver renews") { await homeserver.renewals > before }
        try await agent.killNine()
        await homeserver.server.misbehave(on: refreshPath, nil)
        let lost = await homeserver.renewals
        try await agent.start()
        try await eventually("it is renewed") { await homeserver.renewals > lost }
        _ = try await agent.mint(for: user)
        #expect(try await agent.call(GetAccountStatus()).account.state == .active)
        try await agent.stop()
    }

    @Test func `a stop waits for the renewal under way, so that its pair is not lost`() async throws {
        let (agent, _, homeserver) = try await signedInAtDev()
        let before = try agent.session
        await homeserver.server.misbehave(on: refreshPath, .delay(.seconds(2)))
        // Nobody waits for it: the client goes away at once.
        let client = try await RunningProgram(
            "jeton",
            ["accounts", "refresh", "--socket", agent.socket],
            log: agent.folder.write("", to: "client")
        )
        try await eventually("the homeserver renews") { await homeserver.renewals == 1 }
        client.send(SIGKILL)
        _ = try await client.ended()
        try await agent.stop()
        #expect(try agent.session != before)
        await homeserver.server.misbehave(on: refreshPath, nil)
        try await agent.start()
        #expect(try await agent.call(GetAccountStatus()).account.state == .active)
        #expect(await homeserver.renewals == 1)
        try await agent.stop()
    }

    @Test func `a homeserver that was away is found again with nobody asking`() async throws {
        let (agent, _, homeserver) = try await signedInAtDev { $0.accessTokenLifetime = .seconds(2) }
        await homeserver.server.stop()
        try await eventually("it is told") {
            try await agent.call(ListAccounts()).accounts.first?.state == .offline
        }
        let cause = try #require(try await agent.call(ListAccounts()).accounts.first?.cause)
        #expect(cause.reason == .unreachable)
        #expect(cause.detail.contains(homeserver.address) && cause.detail.contains("tried again"))
        #expect(cause.at <= .now)
        let shown = try await agent.jeton("accounts")
        #expect(shown.status == 0 && shown.output.contains("offline") && shown.output.contains(cause.detail))
        #expect(try await agent.jeton("status").output.contains(cause.detail))
        _ = try await homeserver.server.start()
        try await eventually("it is told", within: .seconds(60)) {
            try await agent.call(ListAccounts()).accounts.first?.state == .active
        }
        try await agent.stop()
    }

    @Test func `renewing on demand gives new tokens, and says why where it cannot`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let before = try #require(try await agent.call(ListAccounts()).accounts.first)
        let after = try await agent.call(RefreshAccount()).account
        #expect(try #require(after.accessTokenExpiresAt) > #require(before.accessTokenExpiresAt))
        #expect(await homeserver.renewals == 1)
        let shown = try await agent.jeton("accounts", "refresh", "--account", user.id)
        #expect(shown.status == 0 && shown.output.contains("was renewed"))

        await homeserver.server.change { $0.offersRefresh = false }
        #expect(try await agent.refusal(of: RefreshAccount()).kind == .unsupportedByHomeserver)
        #expect(try await agent.jeton("accounts", "refresh").status == 7)
        // The access token lives on.
        #expect(try await agent.call(GetAccountStatus()).account.state == .active)
        await homeserver.server.stop()
        #expect(try await agent.refusal(of: RefreshAccount()).kind == .homeserverUnreachable)
        _ = try await homeserver.server.start()
        await homeserver.server.change { $0.offersRefresh = true }
        _ = try await agent.call(RefreshAccount())
        try await agent.stop()
    }

    @Test func `a session that was taken over without a refresh token says that it cannot be renewed`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let accessToken = try await OtherClient(homeserver.address).logIn(user).body["access_token"] ?? ""
        let agent = try await AgentUnderTest().start()
        _ = try await agent.call(LogIn(homeserver: homeserver.address, accessToken: Secret(accessToken)))
        let refused = try await agent.refusal(of: RefreshAccount(account: user.id))
        #expect(refused.kind == .unsupportedByHomeserver)
        #expect(refused.data["reason"] == "no_refresh_tokens")
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `a log-out with an expired access token ends the session at the homeserver, and counts twice`(
        kind: HomeserverKind
    ) async throws {
        let homeserver = try await kind.homeserver(.unrefreshing)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let account = try await agent.logIn(user, at: homeserver.address)
        try await eventually("the access token expires", within: .seconds(60)) {
            try await agent.call(GetAccountStatus()).account.state == .signedOutSoftly
        }
        _ = try await agent.call(LogOut())
        let other = OtherClient(homeserver.address)
        let devices = try await other.devices(other.logIn(user).body["access_token"] ?? "")
        #expect(!devices.contains(account.deviceId))
        #expect(try await agent.refusal(of: LogOut(account: user.id)).kind == .notLoggedIn)
        try await agent.stop()
    }
}

private let refreshPath = "/_matrix/client/v3/refresh"

extension DevHomeserverUnderTest {
    fileprivate var renewals: Int { get async { await server.seenRequests.count { $0.path == refreshPath } } }
}

extension AgentUnderTest {
    /// The one session, as it lies on the disk.
    fileprivate var session: String {
        get throws {
            let names = try FileManager.default.contentsOfDirectory(atPath: state)
            let name = try #require(names.first { $0.hasSuffix(".account.json") })
            return try String(contentsOfFile: "\(state)/\(name)", encoding: .utf8)
        }
    }
}
