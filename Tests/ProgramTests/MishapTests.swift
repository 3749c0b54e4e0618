import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// Networks and homeservers that fail at the worst moment.
@Suite struct MishapTests {
    @Test func `a session that was begun is kept, though its client goes and the agent is stopped meanwhile`()
        async throws
    {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let path = "/_matrix/client/v3/login"
        // Short beside the time that a stop leaves to homeservers, of which a busy machine takes its part.
        await homeserver.server.misbehave(on: path, .delay(.seconds(1)))
        let client = try LineClient(agent)
        let params = #"{"user_id":"\#(user.id)","homeserver":"\#(homeserver.address)","password":"\#(user.password)"}"#
        client.request("1", "account.login", params)
        try await eventually("the homeserver has begun it") {
            await homeserver.server.seenRequests.contains { $0.path == path && $0.method == "POST" }
        }
        client.close()
        agent.send(SIGTERM)
        #expect(try await agent.ended() == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: agent.state)
        #expect(names.contains { $0.hasSuffix(".account.json") })
    }

    @Test func `whoever goes away before the password was sent is not signed in`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let path = "/_matrix/client/v3/login"
        await homeserver.server.misbehave(on: "GET \(path)", .hold)
        let client = try LineClient(agent)
        let params = #"{"user_id":"\#(user.id)","homeserver":"\#(homeserver.address)","password":"\#(user.password)"}"#
        client.request("1", "account.login", params)
        try await eventually("the homeserver is asked what it offers") {
            await homeserver.server.seenRequests.contains { $0.path == path && $0.method == "GET" }
        }
        client.close()
        // It has gone before these come.
        for _ in 1...5 { _ = try await agent.call(Ping()) }
        await homeserver.server.letGo()
        // A stop waits for whatever is under way.
        try await agent.stop()
        #expect(await homeserver.server.seenRequests.allSatisfy { $0.method == "GET" })
        let names = try FileManager.default.contentsOfDirectory(atPath: agent.state)
        #expect(names.allSatisfy { !$0.contains("account") })
    }

    @Test func `whoever goes away behind the password leaves no device that nobody holds`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let path = "/_matrix/client/v3/login"
        await homeserver.server.misbehave(on: "POST \(path)", .delay(.seconds(2)))
        let client = try LineClient(agent)
        let params = #"{"user_id":"\#(user.id)","homeserver":"\#(homeserver.address)","password":"\#(user.password)"}"#
        client.request("1", "account.login", params)
        try await eventually("the homeserver has the password") {
            await homeserver.server.seenRequests.contains { $0.path == path && $0.method == "POST" }
        }
        client.close()
        try await eventually("the session is held") { try await agent.call(ListAccounts()).accounts.count == 1 }
        await homeserver.server.misbehave(on: "POST \(path)", nil)
        let held = try #require(try await agent.call(ListAccounts()).accounts.first)
        let stranger = OtherClient(homeserver.address)
        let session = try await stranger.logIn(user).body
        let devices = try await stranger.devices(session["access_token"] ?? "")
        #expect(Set(devices) == [held.deviceId, session["device_id"] ?? ""])
        _ = try await agent.mint(for: user)
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `a homeserver that is gone is named with the stage, and nothing is lost`(kind: HomeserverKind) async throws {
        let folder = try ScratchFolder()
        let (agent, user, stop) = try await signedInAlone(kind, folder)
        try await stop()
        // A connection from before ends with the homeserver, which is noticed soon, or by the first request over it.
        #expect(try await agent.refusal(of: GetLoginTokenSupport()).kind == .homeserverUnreachable)
        let gone = try await agent.refusal(of: GetLoginTokenSupport())
        #expect(gone.kind == .homeserverUnreachable)
        #expect(gone.data["stage"] == "connect")
        #expect(try await agent.call(GetAccountStatus()).account.state == .offline)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .homeserverUnreachable)
        // Nothing left us, so nothing was minted: no permit is gone.
        let limit = try await agent.call(GetRateLimitStatus()).limits.first { $0.name == .loginToken }
        #expect(limit?.remaining == 1)
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [user.id])
        try await agent.stop()
    }

    @Test
    func `promise 5: an answer that never came leaves the outcome unknown: the permit is spent, a token may exist`()
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge(purpose: "lost")
        await homeserver.server.misbehave(on: "/_matrix/client/v1/login/get_token", .stallAfterHandling)

        async let lost = agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        try await eventually("the homeserver has the request") { await homeserver.mintRequests(of: user) == 2 }
        await homeserver.server.stop()
        let unknown = try await lost
        #expect(unknown.kind == .outcomeUnknown)
        let end = try #require(unknown.data["may_exist_until"]?.stringValue)
        let lines = agent.logText.split(separator: "\n")
        let record = try #require(lines.first { $0.contains("event=login_token.unknown") })
        for word in ["no login token was handed out", "account=\(user.id)", "may_exist_until=\(end)", "peer_pid="] {
            #expect(record.contains(word), "\(record)")
        }

        // Nobody mints twice by accident: not now, and not after a crash.
        await homeserver.server.misbehave(on: "/_matrix/client/v1/login/get_token", nil)
        _ = try await homeserver.server.start()
        try await agent.killNine()
        try await agent.start()
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .rateLimited)
        let listed = try await agent.call(ListLoginTokens()).tokens
        #expect(listed.map(\.state) == [.unknown])
        #expect(listed.first?.purpose == "lost")
        try await agent.stop()
    }

    @Test func `promise 4: killed while the homeserver mints, the agent counts the permit as spent`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        await homeserver.server.misbehave(on: "/_matrix/client/v1/login/get_token", .stallAfterHandling)
        let lost = Task { try await agent.call(GenerateLoginToken(auth: user.auth(challenge))) }
        try await eventually("the homeserver has the request") { await homeserver.mintRequests(of: user) == 2 }
        try await agent.killNine()
        _ = await lost.result
        await homeserver.server.misbehave(on: "/_matrix/client/v1/login/get_token", nil)
        try await agent.start()
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .rateLimited)
        #expect(try await agent.call(ListLoginTokens()).tokens.map(\.state) == [.unknown])
        try await agent.stop()
    }

    @Test func `a homeserver that answers HTML is named as none`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let page = "<html><h1>Hello</h1></html>"
        for path in ["/_matrix/client/v3/login", "/_matrix/client/v3/capabilities"] {
            await homeserver.server.misbehave(
                on: path,
                .answer(status: 502, contentType: "text/html; charset=utf-8", body: page, headers: [:])
            )
        }
        let login = LogIn(userId: user.id, homeserver: homeserver.address, password: Secret(user.password))
        let refused = try await agent.refusal(of: login)
        #expect(refused.kind == .homeserverError)
        #expect(refused.message.contains("text/html"))
        await homeserver.server.misbehave(on: "/_matrix/client/v3/login", nil)
        // The session stands, although the homeserver could not be asked what it can do.
        let account = try await agent.call(login).account
        #expect(account.loginTokens.supported == false)
        let unclear = try await agent.refusal(of: GenerateLoginToken())
        #expect(unclear.kind == .homeserverError)
        #expect(unclear.message.contains("text/html"))
        try await agent.stop()
    }

    @Test func `a UIA session that the homeserver forgot is begun anew, once, without another question`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        await homeserver.server.forgetUIASessions()
        let token = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        #expect(try await OtherClient(homeserver.address).logIn(token: token.loginToken.reveal()).status == 200)
        try await agent.stop()
    }

    @Test func `a homeserver that begins to ask is followed, and so is one that ceases to`() async throws {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let configuration = "{consent: 'caller', limits: {login_token: {count: 10, per_ms: 60000}}}"
        let agent = try await AgentUnderTest(configuration: configuration).start()
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        let first = try await agent.refusal(of: GenerateLoginToken())
        _ = try await agent.call(
            GenerateLoginToken(consent: .init(challenge: first.data["challenge"]?.stringValue ?? ""))
        )

        await homeserver.server.change { $0.asksBeforeMinting = true }
        let ours = try await agent.refusal(of: GenerateLoginToken())
        #expect(ours.kind == .consentRequired)
        let theirs = try await agent.refusal(
            of: GenerateLoginToken(consent: .init(challenge: ours.data["challenge"]?.stringValue ?? ""))
        )
        #expect(theirs.kind == .authRequired)
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(theirs.data["challenge"]?.stringValue ?? "")))

        await homeserver.server.change { $0.asksBeforeMinting = false }
        let sealed = try await agent.refusal(of: GenerateLoginToken())
        #expect(sealed.kind == .consentRequired)
        _ = try await agent.call(
            GenerateLoginToken(consent: .init(challenge: sealed.data["challenge"]?.stringValue ?? ""))
        )
        try await agent.stop()
    }

    @Test func `promise 6: five wrong passwords in a quarter of an hour are the end, over a restart too`() async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        let wrong = GenerateLoginToken(auth: user.auth(challenge, password: "canary-wrong"))
        for left in [4, 3, 2, 1, 0] {
            let refused = try await agent.refusal(of: wrong)
            #expect(refused.kind == .authRequired)
            #expect(refused.data["attempts_left"] == .integer(left))
            let sentence = ["No try is left", "1 try is left", "\(left) tries are left"][min(left, 2)]
            #expect(refused.message.contains(sentence), "\(refused.message)")
        }
        let requests = await homeserver.mintRequests(of: user)
        let blocked = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(blocked.kind == .rateLimited)
        #expect(blocked.data["limit"] == "wrong_password")
        #expect(blocked.data["scope"] == "local")
        #expect((1...900_000).contains(blocked.data["retry_after_ms"]?.integerValue ?? 0))
        let limit = try await agent.call(GetRateLimitStatus()).limits.first { $0.name == .wrongPassword }
        #expect(limit?.remaining == 0)
        #expect((limit?.retryAfterMs ?? 0) > 0)
        try await agent.killNine()
        try await agent.start()
        #expect(try await agent.refusal(of: GenerateLoginToken()).data["limit"] == "wrong_password")
        #expect(await homeserver.mintRequests(of: user) == requests)
        try await agent.stop()
    }

    @Test func `the right password forgives those that were wrong before it`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        let wrong = GenerateLoginToken(auth: user.auth(challenge, password: "canary-wrong"))
        for _ in 1...4 { _ = try await agent.refusal(of: wrong) }
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        let limits = try await agent.call(GetRateLimitStatus()).limits
        #expect(limits.first { $0.name == .wrongPassword }?.remaining == 5)
        try await agent.stop()
    }

    @Test func `promise 4: a hundred requests at once mint one login token`() async throws {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let agent = try await AgentUnderTest(configuration: "{consent: 'none'}").start()
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        let outcomes = await withTaskGroup { group in
            for _ in 1...100 {
                group.addTask { (try? await agent.call(GenerateLoginToken())) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 1)
        #expect(await homeserver.mintRequests(of: user) == 1)
        try await agent.stop()
    }
}

/// An agent that is signed in at a homeserver which the test has for itself, and how to stop that.
private func signedInAlone(
    _ kind: HomeserverKind,
    _ folder: ScratchFolder
) async throws -> (AgentUnderTest, TestUser, @Sendable () async throws -> Void) {
    let agent = try await AgentUnderTest().start()
    switch kind {
    case .devHomeserver:
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        return (agent, user, { await homeserver.server.stop() })
    case .synapse:
        let homeserver = try await SynapseUnderTest.own(in: folder)
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        return (agent, user, { try await homeserver.stop() })
    }
}
