import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Signing in by login token, and what is looked at before and afterwards.
@Suite struct LoginTests {
    @Test(arguments: HomeserverKind.available)
    func `a login token signs the agent in, once`(kind: HomeserverKind) async throws {
        let homeserver = try await kind.homeserver()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let token = try await OtherClient(homeserver.address).loginToken(of: user)
        let login = LogIn(homeserver: homeserver.address, loginToken: Secret(token))
        let account = try await agent.call(login).account
        #expect(account.userId == user.id)
        #expect(account.loginTokens.supported)

        let burnt = try await agent.refusal(of: login)
        #expect(burnt.kind == .tokenBurnt)
        #expect(burnt.data["errcode"] == "M_FORBIDDEN")
        #expect(burnt.message.contains("have a new one minted"))
        #expect(try await agent.call(ListAccounts()).accounts == [account])
        try await agent.stop()
    }

    @Test func `signing in again by login token or browser keeps the device`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev { $0.offersRefresh = false }
        let device = try await agent.call(GetAccountStatus()).account.deviceId
        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        #expect(try await agent.refusal(of: GenerateLoginToken()).data["soft"] == true)
        let token = try await OtherClient(homeserver.address).loginToken(of: user)
        // By local part too, where the homeserver is named.
        let login = LogIn(userId: user.id.localpart, homeserver: homeserver.address, loginToken: Secret(token))
        #expect(try await agent.call(login).account.deviceId == device)

        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        #expect(try await agent.refusal(of: GenerateLoginToken()).data["soft"] == true)
        await homeserver.server.change {
            $0.identityProviders = [.init(id: "cas", name: "Test CAS", localpart: user.id.localpart)]
        }
        let sso = try await agent.call(BeginSSOLogin(userId: user.id, homeserver: homeserver.address))
        try await TestBrowser().open(sso.ssoUrl)
        let account = try await agent.call(FinishSSOLogin(loginId: sso.loginId)).account
        #expect(account.deviceId == device)
        #expect(account.state == .active)
        try await agent.stop()
    }

    @Test(arguments: [
        (429, #"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":5000}"#),
        (401, #"{"errcode":"M_USER_LOCKED","error":"This account has been locked","soft_logout":true}"#),
        (502, "<html>"),
    ])
    func `a redemption that may have burnt the token says so`(status: Int, body: String) async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let agent = try await AgentUnderTest().start()
        let login = LogIn(homeserver: homeserver.address, loginToken: Secret("syl_canary"))
        await homeserver.server.misbehave(on: "POST /_matrix/client/v3/login", .json(body, status: status))
        let refused = try await agent.refusal(of: login)
        #expect(refused.kind == .tokenBurnt)
        #expect(refused.message.contains("may be used up now"))
        try await agent.stop()
    }

    @Test func `a locked or deactivated account is told in a sentence`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        await homeserver.server.deactivate(user.id.localpart)
        let login = LogIn(userId: user.id, homeserver: homeserver.address, password: Secret(user.password))
        let refused = try await agent.refusal(of: login)
        #expect(refused.data["errcode"] == "M_USER_DEACTIVATED")
        #expect(refused.message.contains("for good"))
        try await agent.stop()
    }

    @Test func `credentials that cannot be right are refused before anything is sent`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let agent = try await AgentUnderTest().start()
        let at = homeserver.address
        let wrong: [(LogIn, String, String)] = [
            (LogIn(homeserver: at), "password", "exactly one"),
            (LogIn(userId: "@a:b", password: Secret("x"), loginToken: Secret("y")), "password", "exactly one"),
            (LogIn(homeserver: at, password: Secret("canary-x")), "user_id", "missing"),
            (LogIn(homeserver: at, accessToken: Secret("syl_canary")), "access_token", "give it as login_token"),
            (LogIn(homeserver: at, loginToken: Secret("syt_canary")), "login_token", "give it as access_token"),
            (LogIn(homeserver: at, loginToken: Secret("mat_canary")), "login_token", "give it as access_token"),
            (LogIn(homeserver: at, loginToken: Secret("syr_canary")), "login_token", "give it as refresh_token"),
            (LogIn(homeserver: at, loginToken: Secret("canary-a b")), "login_token", "visible ASCII"),
            (
                LogIn(homeserver: at, loginToken: Secret("syl_canary"), deviceId: "X"), "refresh_token",
                "belong to access_token"
            ),
        ]
        for (login, field, hint) in wrong {
            let refused = try await agent.refusal(of: login)
            #expect(refused.data["field"] == .string(field))
            #expect(refused.message.contains(hint), "\(refused.message)")
            #expect(Canary.secrets(in: refused.message).isEmpty)
        }
        #expect(await homeserver.server.seenRequests.isEmpty)
        try await agent.stop()
    }

    @Test func `the command reads a login token from standard input`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let token = try await OtherClient(homeserver.address).loginToken(of: user)
        let ended = try await agent.jeton(
            "login",
            "--login-token-stdin",
            "--homeserver",
            homeserver.address,
            input: token + "\n"
        )
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.hasPrefix("Signed in as \(user.id)"))
        #expect(try await agent.jeton("login", "--sso", "--password-stdin").status == 64)
        #expect(try await agent.jeton("login", "--idp", "x").status == 64)
        try await agent.stop()
    }
}
