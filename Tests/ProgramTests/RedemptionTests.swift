import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// What becomes of a login token: live, redeemed, signed out.
@Suite struct RedemptionTests {
    private func token(_ agent: AgentUnderTest) async throws -> IssuedToken {
        try #require(try await agent.call(ListLoginTokens()).tokens.first)
    }

    @Test(arguments: HomeserverKind.available)
    func `who has redeemed a token is told, kept over kill -9, and signed out in one step`(kind: HomeserverKind)
        async throws
    {
        let (agent, user, homeserver) = try await signedIn(kind)
        let minted = try await agent.mint(for: user)
        #expect(try await token(agent).state == .live)
        try await agent.expectLook(at: user, homeserver)
        let client = try LineClient(agent)
        client.request("1", "event.subscribe", #"{"types":["login_token.redeemed"]}"#)
        #expect(try await onThread { try client.next()["result"] } == [:])
        #expect(try await agent.jeton("revoke", "--last").status == 1)

        let other = OtherClient(homeserver.address)
        let session = try await other.logIn(token: minted.loginToken.reveal()).body
        let (device, accessToken) = (try #require(session["device_id"]), try #require(session["access_token"]))
        let told = try await onThread { try client.next { $0["method"] == "event" }["params"] }
        #expect(told?["type"] == "login_token.redeemed" && told?["token_id"]?.stringValue == minted.tokenId)
        #expect(told?["redeemed_by"]?["device_id"]?.stringValue == device)
        #expect(told?["redeemed_by"]?["certain"] == false)
        let time = try #require(told?["redeemed_by"]?["at"]?.stringValue)
        #expect(agent.logText.contains("event=login_token.redeemed"))

        try await agent.killNine()
        try await agent.start()
        let redeemed = try await token(agent)
        #expect(redeemed.state == .redeemed && redeemed.redeemedBy?.deviceId == device && redeemed.candidates == nil)
        let row = try #require(try await agent.jeton("tokens").output.split(separator: "\n").last)
        #expect(row.hasPrefix(minted.tokenId) && row.contains("  redeemed  ") && row.contains("  \(device) ("))
        #expect(row.contains("\(time))"))

        let revoked = try await agent.jeton("revoke", "--last", "--password-stdin", input: user.password + "\n")
        #expect(revoked.status == 0 && revoked.output.contains("\(device) is signed out."), "\(revoked.errors)")
        #expect(revoked.errors.contains("\(minted.tokenId) was used by \(device)"))
        #expect(try await other.whoAmI(accessToken).status == 401)
        let ended = try await token(agent)
        #expect(ended.state == .signedOut && ended.redeemedBy?.signedOutAt != nil)
        let again = try await agent.jeton("revoke", "--token", minted.tokenId)
        #expect(again.status == 1 && again.errors.contains("signed out already"))
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `a device that is quiet at first is told with the address it then has`(kind: HomeserverKind) async throws {
        let (agent, user, homeserver) = try await signedIn(kind)
        let minted = try await agent.mint(for: user)
        let client = try LineClient(agent)
        client.request("1", "event.subscribe", #"{"types":["login_token.redeemed"]}"#)
        #expect(try await onThread { try client.next()["result"] } == [:])
        try await agent.expectLook(at: user, homeserver)
        let other = OtherClient(homeserver.address)
        let session = try await other.logIn(token: minted.loginToken.reveal()).body
        try await eventually("it is seen") { try await self.token(agent).state == .redeemed }
        #expect(try await token(agent).redeemedBy?.lastSeenIp == nil)

        #expect(try await other.whoAmI(try #require(session["access_token"])).status == 200)
        let told = try await onThread { try client.next { $0["method"] == "event" }["params"]?["redeemed_by"] }
        #expect(told?["device_id"]?.stringValue == session["device_id"])
        let address = try #require(told?["last_seen_ip"]?.stringValue)
        #expect(["127.0.0.1", "::1", "::ffff:127.0.0.1"].contains(address))
        #expect(try await token(agent).redeemedBy?.lastSeenIp == address)
        #expect(agent.logText.contains("last_seen_ip=\(address)"))
        try await agent.stop()
    }

    @Test func `a token that was minted before the last start is watched too`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let minted = try await agent.mint(for: user)
        try await agent.killNine()
        let looks = await homeserver.looks(at: user)
        try await agent.start()
        try await eventually("the devices are looked at") { await homeserver.looks(at: user) > looks }
        let session = try await OtherClient(homeserver.address).logIn(token: minted.loginToken.reveal()).body
        try await eventually("the redemption is noticed") { try await self.token(agent).state == .redeemed }
        #expect(try await token(agent).redeemedBy?.deviceId == session["device_id"])
        try await agent.stop()
    }

    @Test func `where two devices have appeared both are named, and the user must choose`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let minted = try await agent.mint(for: user)
        try await agent.expectLook(at: user, homeserver)
        let other = OtherClient(homeserver.address)
        let one = try #require(try await other.logIn(token: minted.loginToken.reveal()).body["device_id"])
        let two = try #require(try await other.logIn(user).body["device_id"])
        try await eventually("both are seen") { try await self.token(agent).candidates?.count == 2 }
        let listed = try await token(agent)
        #expect(listed.state == .redeemed && listed.redeemedBy == nil)
        #expect(listed.candidates?.map(\.deviceId) == [one, two])
        let refused = try await agent.jeton("revoke", "--last", "--password-stdin", input: user.password + "\n")
        #expect(refused.status == 64 && refused.errors.contains(one) && refused.errors.contains(two))
        for device in [one, two] {
            #expect(try await token(agent).state == .redeemed)
            let revoked = try await agent.jeton("revoke", device, "--password-stdin", input: user.password + "\n")
            #expect(revoked.status == 0, "\(revoked.errors)")
        }
        #expect(try await token(agent).state == .signedOut)
        try await agent.stop()
    }
}
