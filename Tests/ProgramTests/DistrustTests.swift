import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Homeservers, programs and clocks that mean no good.
@Suite struct DistrustTests {
    @Test func `a homeserver cannot take over an account that lives elsewhere`() async throws {
        let good = try await DevHomeserverUnderTest()
        let evil = try await DevHomeserverUnderTest()
        let user = try await good.newUser()
        let agent = try await AgentUnderTest().start()
        let held = try await agent.logIn(user, at: good.address)
        let session = #"{"user_id":"\#(user.id)","access_token":"canary-evil","device_id":"EVIL"}"#
        // By password it is a POST, by access token a GET: the evil one claims to be good at both.
        await evil.server.misbehave(on: "/_matrix/client/v3/account/whoami", .json(session))
        let takeover = LogIn(homeserver: evil.address, accessToken: Secret("canary-evil"))
        let refused = try await agent.refusal(of: takeover)
        #expect(refused.kind == .invalidParams)
        #expect(refused.message.contains("is signed in at \(good.address)"))
        #expect(try await agent.call(ListAccounts()).accounts == [held])
        _ = try await agent.mint(for: user)
        try await agent.stop()
    }

    @Test(arguments: ["9223372036854775807", "-1", "1e400"])
    func `a life that no token has is no answer, and no crash`(life: String) async throws {
        let homeserver = try await DevHomeserverUnderTest(.unasking)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(configuration: "{consent: 'none'}").start()
        try await agent.logIn(user, at: homeserver.address)
        let answer = #"{"login_token":"canary-token","expires_in_ms":\#(life)}"#
        await homeserver.server.misbehave(on: "/_matrix/client/v1/login/get_token", .json(answer))
        let refused = try await agent.refusal(of: GenerateLoginToken())
        // It may have minted all the same, so the permit is spent.
        #expect(refused.kind == .outcomeUnknown)
        #expect(refused.data["may_exist_until"] != nil)
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .rateLimited)
        try await agent.stop()
    }

    @Test func `an error of the homeserver after the password leaves the outcome unknown`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        let path = "/_matrix/client/v1/login/get_token"
        let page = DevHomeserver.Misbehaviour.answer(
            status: 504,
            contentType: "text/html",
            body: "<html>",
            headers: [:]
        )
        await homeserver.server.misbehave(on: path, page)
        let refused = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(refused.kind == .outcomeUnknown)
        #expect(refused.data["http_status"] == 504)
        await homeserver.server.misbehave(on: path, nil)
        // A completed UIA session would mint again without a password: it is gone with its challenge.
        let again = try await agent.refusal(of: GenerateLoginToken(auth: ["challenge": .string(challenge)]))
        #expect(again.data["field"] == "auth.challenge")
        try await agent.stop()
    }

    @Test func `a renewal that fails is not taken for a minting`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        let limit = DevHomeserver.Misbehaviour.answer(
            status: 429,
            contentType: "application/json",
            body: #"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1500}"#,
            headers: [:]
        )
        await homeserver.server.misbehave(on: "/_matrix/client/v3/refresh", limit)
        let refused = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(refused.kind == .rateLimited)
        #expect(refused.data["limit"] == nil)
        await homeserver.server.misbehave(on: "/_matrix/client/v3/refresh", nil)
        // The permit is there, and so is the challenge; the homeserver's wish is obeyed until then.
        _ = try await agent.patiently(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test func `promise 3: a challenge that two answer at once mints one token`() async throws {
        let homeserver = try await DevHomeserverUnderTest { $0.mintInterval = .zero }
        let configuration = "{limits: {login_token: {count: 9, per_ms: 60000}}}"
        let agent = try await AgentUnderTest(configuration: configuration).start()
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        let challenge = try await agent.challenge()
        let minted = await withTaskGroup { group in
            for _ in 1...8 {
                group.addTask { (try? await agent.call(GenerateLoginToken(auth: user.auth(challenge)))) != nil }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(minted == 1)
        #expect(try await agent.call(ListLoginTokens()).tokens.count == 1)
        // The question, and the one answer.
        #expect(await homeserver.mintRequests(of: user) == 2)
        try await agent.stop()
    }

    @Test func `promise 3: a question that was put under a looser policy is not answered under a stricter one`()
        async throws
    {
        let homeserver = try await DevHomeserverUnderTest(.unasking)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(configuration: "{consent: 'caller'}").start()
        try await agent.logIn(user, at: homeserver.address)
        // Not yet known to ask nothing: the token is there, sealed.
        let asked = try await agent.refusal(of: GenerateLoginToken())
        #expect(asked.kind == .consentRequired)
        let challenge = asked.data["challenge"]?.stringValue ?? ""
        try agent.folder.write("{consent: 'auto'}", to: "config/config.json5")
        agent.send(SIGHUP)
        try await eventually("it is read anew") { agent.logText.contains("the configuration was read anew") }
        let refused = try await agent.refusal(of: GenerateLoginToken(consent: .init(challenge: challenge)))
        #expect(refused.kind == .forbidden)
        try await agent.stop()
    }

    @Test func `a homeserver that mints at the question is believed, whatever limit ran out meanwhile`() async throws {
        let limits = "{requester: {count: 1, per_ms: 86400000}, login_token: {count: 9, per_ms: 60000}}"
        let agent = try await AgentUnderTest(configuration: "{consent: 'none', limits: \(limits)}").start()
        let (turned, other) = (try await DevHomeserverUnderTest(), try await DevHomeserverUnderTest(.unasking))
        let (one, two) = (try await turned.newUser(), try await other.newUser())
        let proxy = try Proxy(before: turned.address)
        try await agent.logIn(one, at: proxy.address)
        try await agent.logIn(two, at: other.address)
        #expect(try await agent.refusal(of: GenerateLoginToken(account: one.id)).kind == .authRequired)
        await turned.server.change { $0.asksBeforeMinting = false }
        let question = proxy.expect(.answerHeld, at: "POST", "/_matrix/client/v1/login/get_token")
        async let late = agent.call(GenerateLoginToken(account: one.id))
        try await question.happened()
        // The requester's one permit.
        _ = try await agent.call(GenerateLoginToken(account: two.id))
        question.letGo()
        let token = try await late
        let listed = try await agent.call(ListLoginTokens(account: one.id)).tokens
        #expect(listed.map(\.tokenId) == [token.tokenId] && listed.map(\.state) == [.live])
        try await agent.stop()
    }

    @Test func `the limit speaks before the homeserver is asked anything`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        _ = try await agent.mint(for: user)
        try await agent.killNine()
        await homeserver.server.stop()
        try await agent.start()
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .rateLimited)
        try await agent.stop()
    }

    @Test func `an access token that no header can carry is refused, and not repeated`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let agent = try await AgentUnderTest().start()
        let refused = try await agent.refusal(
            of: LogIn(homeserver: homeserver.address, accessToken: Secret("canary-a\r\nX: y"))
        )
        #expect(refused.kind == .invalidParams)
        #expect(Canary.secrets(in: "\(refused)").isEmpty)
        try await agent.stop()
    }

    @Test func `what a homeserver says is shown, and not obeyed, by the terminal`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let words = #"{"errcode":"M_FORBIDDEN","error":"\u001b]0;owned\u0007 \u202egnp"}"#
        await homeserver.server.misbehave(
            on: "/_matrix/client/v3/account/whoami",
            .answer(status: 403, contentType: "application/json", body: words, headers: [:])
        )
        for extra in [[], ["--json"]] {
            let ended = try await run(
                "jeton",
                [
                    "login", user.id, "--homeserver", homeserver.address, "--access-token-stdin", "--socket",
                    agent.socket,
                ] + extra,
                input: "canary-token\n"
            )
            #expect(ended.status == 1)
            #expect(ended.errors.contains("owned"))
            #expect(!ended.errors.contains("\u{1B}") && !ended.errors.contains("\u{202E}"))
        }
        try await agent.stop()
    }

    @Test func `a site that is no homeserver is not taken for one`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let agent = try await AgentUnderTest().start()
        let page = DevHomeserver.Misbehaviour.answer(
            status: 404,
            contentType: "text/html",
            body: "<html>",
            headers: [:]
        )
        for path in ["/versions", "/v3/login", "/v1/auth_metadata"] {
            await homeserver.server.misbehave(on: "/_matrix/client\(path)", page)
        }
        let login = LogIn(userId: "@a:localhost", homeserver: homeserver.address, password: Secret("canary-x"))
        let refused = try await agent.refusal(of: login)
        #expect(refused.kind == .homeserverError)
        #expect(refused.message.contains("does not answer as a Matrix homeserver does"))
        try await agent.stop()
    }

    @Test func `a command that consented goes on when the homeserver then limits it, and when it then asks`()
        async throws
    {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let configuration = "{consent: 'caller', limits: {login_token: {count: 9, per_ms: 60000}}}"
        let agent = try await AgentUnderTest(configuration: configuration).start()
        try await agent.logIn(user, at: homeserver.address)
        let command = ["token", "--show", "--wait", "--socket", agent.socket]
        let first = try await onTerminal(command, dialogue: [("[y/N]", "y")])
        #expect(first.status == 0)
        // Consent, then 429, then the token.
        try await homeserver.limitNextMint(of: user) {
            let second = try await onTerminal(command, dialogue: [("[y/N]", "y")])
            #expect(second.status == 0, "\(second.output)")
            #expect(second.output.contains("Waiting."))
        }
        await homeserver.server.change { $0.asksBeforeMinting = true }
        let third = try await onTerminal(command, dialogue: [("[y/N]", "y"), ("Password of", user.password)])
        #expect(third.status == 0, "\(third.output)")
        try await agent.stop()
    }

    @Test func `what a killed agent was writing does not lie about`() async throws {
        let agent = try AgentUnderTest()
        try agent.folder.write("canary-left", to: "state/.@a:b.account.json.new")
        try await agent.start()
        try await agent.stop()
    }
}

extension DevHomeserver.Misbehaviour {
    /// 200 with this.
    fileprivate static func json(_ body: String) -> Self {
        .answer(status: 200, contentType: "application/json", body: body, headers: [:])
    }
}
