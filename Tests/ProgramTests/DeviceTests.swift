import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Looking at what is signed in to an account, and signing it out.
@Suite struct DeviceTests {
    /// Somebody else's device, whoever has it.
    private struct Stranger {
        let client: OtherClient
        let device: String
        let accessToken: String

        init(_ user: TestUser, at homeserver: any TestHomeserver, device: String? = nil) async throws {
            client = OtherClient(homeserver.address)
            let session = try await client.logIn(user, deviceId: device).body
            self.device = try #require(session["device_id"])
            accessToken = try #require(session["access_token"])
        }

        var isSignedIn: Bool { get async throws { try await client.whoAmI(accessToken).status == 200 } }
    }

    private func challenge(_ agent: AgentUnderTest, _ device: String) async throws -> String {
        let asked = try await agent.refusal(of: SignOutDevice(deviceId: device))
        #expect(asked.kind == .authRequired)
        return try #require(asked.data["challenge"]?.stringValue, "\(asked)")
    }

    // An id may hold whatever its client liked.
    @Test(arguments: HomeserverKind.available, [nil, "odd id?/#%2F"])
    func `a device is signed out by the user's password, and its session is over`(kind: HomeserverKind, id: String?)
        async throws
    {
        let (agent, user, homeserver) = try await signedIn(kind)
        let other = try await Stranger(user, at: homeserver, device: id)
        let own = try #require(try await agent.call(ListAccounts()).accounts.first).deviceId
        let listed = try await agent.call(ListDevices()).devices
        #expect(listed.map(\.deviceId) == [own, other.device])
        #expect(listed.map(\.isCurrent) == [true, false])
        #expect(listed[0].displayName?.isEmpty == false && listed[0].lastSeenAt != nil && listed[0].lastSeenIp != nil)

        let asked = try await agent.refusal(of: SignOutDevice(deviceId: other.device))
        #expect(asked.kind == .authRequired)
        #expect(asked.data["flows"] == [["stages": ["m.login.password"]]])
        // No word of the homeserver's session, as for minting.
        #expect(Set(asked.data.keys) == ["challenge", "completed", "expires_at", "flows", "params"])
        let challenge = try #require(asked.data["challenge"]?.stringValue)
        let auth = user.auth(challenge, password: "canary-wrong")
        let wrong = try await agent.refusal(of: SignOutDevice(deviceId: other.device, auth: auth))
        #expect(wrong.kind == .authRequired && wrong.data["challenge"]?.stringValue == challenge)
        #expect(wrong.data["error"]?["errcode"] == "M_FORBIDDEN")
        #expect(try await other.isSignedIn)

        _ = try await agent.call(SignOutDevice(deviceId: other.device, auth: user.auth(challenge)))
        #expect(try await !other.isSignedIn)
        #expect(try await agent.call(ListDevices()).devices.map(\.deviceId) == [own])
        #expect(agent.logText.contains("a device was signed out"))
        let spent = try await agent.refusal(of: SignOutDevice(deviceId: other.device, auth: user.auth(challenge)))
        #expect(spent.kind == .invalidParams && spent.data["field"] == "auth.challenge")
        try await agent.stop()
    }

    @Test func `a challenge signs out the device that it was given for, and does nothing else`() async throws {
        let (agent, user, homeserver) = try await signedIn(.devHomeserver)
        let one = try await Stranger(user, at: homeserver)
        let two = try await Stranger(user, at: homeserver)
        let challenge = try await challenge(agent, one.device)
        let other = try await agent.refusal(of: SignOutDevice(deviceId: two.device, auth: user.auth(challenge)))
        #expect(other.kind == .forbidden)
        let minting = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(minting.kind == .invalidParams && minting.data["field"] == "auth.challenge")
        let mints = try await agent.challenge()
        let signingOut = try await agent.refusal(of: SignOutDevice(deviceId: one.device, auth: user.auth(mints)))
        #expect(signingOut.kind == .invalidParams && signingOut.data["field"] == "auth.challenge")
        let (first, second) = (try await one.isSignedIn, try await two.isSignedIn)
        #expect(first && second)
        try await agent.stop()
    }

    @Test func `the agent's own device and devices that there are not are refused, and nobody is asked`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let own = try #require(try await agent.call(ListAccounts()).accounts.first).deviceId
        let refused = try await agent.refusal(of: SignOutDevice(deviceId: own))
        #expect(refused.kind == .invalidParams && refused.data["field"] == "device_id")
        #expect(refused.message.contains("`jeton logout --account \(user.id)`"))
        let unknown = try await agent.refusal(of: SignOutDevice(deviceId: "NOSUCH"))
        #expect(unknown.kind == .invalidParams && unknown.message.contains("`jeton devices`"))
        #expect(await homeserver.server.seenRequests.allSatisfy { $0.method != "DELETE" })
        try await agent.stop()
    }

    @Test func `whoever goes away before the answer has tried a password all the same`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let other = try await Stranger(user, at: homeserver)
        let challenge = try await challenge(agent, other.device)
        let request = SignOutDevice(deviceId: other.device, auth: user.auth(challenge, password: "canary-wrong"))
        let path = "/_matrix/client/v3/devices/\(other.device)"
        await homeserver.server.misbehave(on: path, .hold)
        let client = try LineClient(agent)
        let params = String(decoding: try JSONCoding.encoder(secrets: .revealed).encode(request), as: UTF8.self)
        client.request("1", SignOutDevice.name, params)
        try await eventually("the homeserver has it") {
            await homeserver.server.seenRequests.count { $0.method == "DELETE" && $0.path == path } == 2
        }
        client.close()
        // It has gone before this one comes.
        _ = try await agent.call(Ping())
        await homeserver.server.misbehave(on: path, nil)
        await homeserver.server.letGo()
        try await eventually("the challenge is open again") {
            try await agent.refusal(of: request).kind == .authRequired
        }
        let limits = try await agent.call(GetRateLimitStatus()).limits
        #expect(limits.first { $0.name == .wrongPassword }?.remaining == 3)
        try await agent.stop()
    }

    @Test func `wrong passwords count together with those of minting`() async throws {
        let (agent, user, homeserver) = try await signedIn(.devHomeserver)
        let other = try await Stranger(user, at: homeserver)
        let challenge = try await challenge(agent, other.device)
        for _ in 1...5 {
            let auth = user.auth(challenge, password: "canary-wrong")
            let wrong = try await agent.refusal(of: SignOutDevice(deviceId: other.device, auth: auth))
            #expect(wrong.kind == .authRequired)
        }
        let sixth = try await agent.refusal(of: SignOutDevice(deviceId: other.device, auth: user.auth(challenge)))
        #expect(sixth.kind == .rateLimited && sixth.data["limit"] == "wrong_password")
        #expect(try await agent.refusal(of: GenerateLoginToken()).data["limit"] == "wrong_password")
        #expect(try await other.isSignedIn)
        try await agent.stop()
    }

    @Test func `a challenge outlives an outage, and a homeserver that has forgotten asks anew`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let other = try await Stranger(user, at: homeserver)
        let challenge = try await challenge(agent, other.device)
        let path = "/_matrix/client/v3/devices/\(other.device)"
        await homeserver.server.misbehave(on: path, .answer(status: 502, contentType: "", body: "", headers: [:]))
        let failed = try await agent.refusal(of: SignOutDevice(deviceId: other.device, auth: user.auth(challenge)))
        #expect(failed.kind == .homeserverError)
        await homeserver.server.misbehave(on: path, nil)
        await homeserver.server.forgetUIASessions()
        let asked = try await agent.refusal(of: SignOutDevice(deviceId: other.device, auth: user.auth(challenge)))
        #expect(asked.kind == .authRequired && asked.data["challenge"]?.stringValue == challenge)
        #expect(asked.data["error"]?["error"]?.stringValue?.contains("does not count") == true)
        _ = try await agent.call(SignOutDevice(deviceId: other.device, auth: user.auth(challenge)))
        #expect(try await !other.isSignedIn)
        try await agent.stop()
    }

    @Test func `an OAuth 2.0 server's account page is named, where it signs nobody out`() async throws {
        let homeserver = try await DevHomeserverUnderTest { $0.oauthIssuer = "http://127.0.0.1:8190/" }
        await homeserver.server.add(accessToken: "canary-one", of: "alice")
        let agent = try await AgentUnderTest().start()
        _ = try await agent.call(
            LogIn(
                homeserver: homeserver.address,
                accessToken: Secret("canary-one"),
                deviceId: "KNOWN",
                allowUnsupported: true
            )
        )
        await homeserver.server.misbehave(
            on: "/_matrix/client/v3/devices",
            .answer(
                status: 200,
                contentType: "application/json",
                body: #"{"devices":[{"device_id":"OTHER","display_name":"x"}]}"#,
                headers: [:]
            )
        )
        let refused = try await agent.refusal(of: SignOutDevice(deviceId: "OTHER"))
        #expect(refused.kind == .unsupportedByHomeserver && refused.data["reason"] == "oauth_server")
        #expect(refused.message.contains("http://127.0.0.1:8190/account/"))
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `jeton devices lists them, and jeton revoke signs one out`(kind: HomeserverKind) async throws {
        let (agent, user, homeserver) = try await signedIn(kind)
        let one = try await Stranger(user, at: homeserver)
        let two = try await Stranger(user, at: homeserver)
        let table = try await agent.jeton("devices").output.split(separator: "\n")
        #expect(table.count == 4 && table[0].hasPrefix("DEVICE"))
        #expect(table[1].hasSuffix("the agent"))
        #expect(table.dropFirst(2).allSatisfy { $0.hasPrefix(one.device) || $0.hasPrefix(two.device) })

        let revoked = try await agent.jeton("revoke", one.device, "--password-stdin", input: user.password + "\n")
        #expect(revoked.status == 0 && revoked.output == "\(one.device) is signed out.\n", "\(revoked.errors)")
        let typed = try await onTerminal(
            ["revoke", two.device, "--socket", agent.socket],
            dialogue: [("Password of \(user.id): ", "canary-wrong"), ("Password of", user.password)]
        )
        #expect(typed.status == 0 && typed.output.contains("\(two.device) is signed out."), "\(typed.output)")
        let (first, second) = (try await one.isSignedIn, try await two.isSignedIn)
        #expect(!first && !second)

        let own = String(table[1].prefix { $0 != " " })
        let refused = try await agent.jeton("revoke", own, "--password-stdin", input: user.password + "\n")
        #expect(refused.status == 64 && refused.errors.contains("jeton logout"))
        let nobody = try await agent.jeton("revoke", own + "X", "--json")
        #expect(nobody.status == 64 && nobody.errors.contains("\"device_id\""))
        try await agent.stop()
    }
}
