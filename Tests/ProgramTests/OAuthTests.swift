import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Homeservers that sign in with OAuth 2.0, which mint no login tokens: recorded in Transcripts/l-mas-delegated.
@Suite struct OAuthTests {
    private static let issuer = "http://127.0.0.1:8190/"

    private func delegated() async throws -> DevHomeserverUnderTest {
        try await DevHomeserverUnderTest { $0.oauthIssuer = Self.issuer }
    }

    @Test func `such a server is recognised, and its account page named`() async throws {
        let homeserver = try await delegated()
        let agent = try await AgentUnderTest().start()
        let support = try await agent.call(GetLoginTokenSupport(homeserver: homeserver.address))
        #expect(!support.supported)
        #expect(support.reason == .oauthServer)
        #expect(support.accountManagementUrl == "\(Self.issuer)account/")
        let told = try await agent.jeton("support", homeserver.address)
        #expect(told.status == 7)
        #expect(told.output.contains("\(Self.issuer)account/"))
        try await agent.stop()
    }

    @Test func `a server that is named as in user ids is looked up`() async throws {
        let agent = try await AgentUnderTest().start()
        let refused = try await agent.refusal(of: GetLoginTokenSupport(homeserver: "homeserver.invalid"))
        #expect(refused.kind == .homeserverUnreachable)
        #expect(refused.message.contains("homeserver of homeserver.invalid"), "\(refused.message)")
        let ended = try await agent.jeton("support", "homeserver.invalid")
        #expect(ended.status == 1)
        try await agent.stop()
    }

    @Test func `every way to sign in is refused with that explanation, before any secret is sent`() async throws {
        let homeserver = try await delegated()
        let agent = try await AgentUnderTest().start()
        let at = homeserver.address
        let refusals = [
            try await agent.refusal(of: LogIn(userId: "@a:localhost", homeserver: at, password: Secret("canary-x"))),
            try await agent.refusal(of: LogIn(homeserver: at, loginToken: Secret("canary-x"))),
            try await agent.refusal(of: LogIn(homeserver: at, accessToken: Secret("canary-x"))),
            try await agent.refusal(of: BeginSSOLogin(homeserver: at)),
        ]
        for refused in refusals {
            #expect(refused.kind == .unsupportedByHomeserver)
            #expect(refused.data["reason"] == "oauth_server")
            #expect(refused.data["account_management_url"] == .string("\(Self.issuer)account/"))
            #expect(refused.message.contains("OAuth 2.0") && refused.message.contains("\(Self.issuer)account/"))
        }
        #expect(await homeserver.server.seenRequests.allSatisfy { $0.method == "GET" && !$0.path.contains("whoami") })
        let ended = try await agent.jeton(
            "login",
            "@a:localhost",
            "--homeserver",
            at,
            "--password-stdin",
            input: "canary-x\n"
        )
        #expect(ended.status == 7)
        try await agent.stop()
    }

    @Test func `allow_unsupported takes a session over all the same, and minting says why not`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let accessToken = try await OtherClient(homeserver.address).logIn(user).body["access_token"] ?? ""
        await homeserver.server.change { $0.oauthIssuer = Self.issuer }
        let agent = try await AgentUnderTest().start()
        let account = try await agent.call(
            LogIn(
                homeserver: homeserver.address,
                accessToken: Secret(accessToken),
                deviceId: "KNOWN",
                allowUnsupported: true
            )
        ).account
        #expect(account.userId == user.id)
        #expect(account.loginTokens.reason == .oauthServer)
        #expect(account.loginTokens.accountManagementUrl == "\(Self.issuer)account/")
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .unsupportedByHomeserver)
        #expect(refused.data["reason"] == "oauth_server")
        let again = try await agent.jeton(
            "login",
            "--access-token-stdin",
            "--homeserver",
            homeserver.address,
            "--allow-unsupported",
            input: accessToken + "\n"
        )
        #expect(again.status == 0, "\(again.errors)")
        #expect(again.output.contains(user.id), "\(again.output)")
        try await agent.stop()
    }

    @Test(arguments: [
        #"{"flows":[{"type":"m.login.password"},{"type":"m.login.sso","oauth_aware_preferred":true}]}"#,
        #"{"flows":[{"type":"m.login.password"},{"type":"m.login.sso","org.matrix.msc3824.delegated_oidc_compatibility":true}]}"#,
    ])
    func `a login flow that prefers OAuth says it too`(flows: String) async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        await homeserver.server.misbehave(on: "/_matrix/client/v3/login", .json(flows, status: 200))
        let login = LogIn(userId: user.id, homeserver: homeserver.address, password: Secret(user.password))
        let refused = try await agent.refusal(of: login)
        #expect(refused.data["reason"] == "oauth_server")
        #expect(await homeserver.server.seenRequests.allSatisfy { $0.method == "GET" })
        try await agent.stop()
    }

    @Test func `one that turns out so only after the sign-in gets its session back`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        // GET /login promises to mint, and the capability says no.
        await homeserver.server.misbehave(
            on: "/_matrix/client/v3/capabilities",
            .json(#"{"capabilities":{"m.get_login_token":{"enabled":false}}}"#, status: 200)
        )
        let metadata = #"{"issuer":"\#(Self.issuer)","account_management_uri":"\#(Self.issuer)account/"}"#
        await homeserver.server.misbehave(on: "/_matrix/client/v1/auth_metadata", .json(metadata, status: 200))
        var login = LogIn(userId: user.id, homeserver: homeserver.address, password: Secret(user.password))
        let refused = try await agent.refusal(of: login)
        #expect(refused.data["reason"] == "oauth_server")
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        #expect(await homeserver.server.seenRequests.contains { $0.path.hasSuffix("/logout") && $0.status == 200 })
        login.allowUnsupported = true
        #expect(try await agent.call(login).account.loginTokens.reason == .oauthServer)
        try await agent.stop()
    }

    @Test func `a legacy server with the feature off keeps the session, and the setting is named`() async throws {
        let homeserver = try await DevHomeserverUnderTest(.off)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let ended = try await agent.jeton(
            "login",
            user.id,
            "--homeserver",
            homeserver.address,
            "--password-stdin",
            input: user.password + "\n"
        )
        #expect(ended.status == 0)
        #expect(ended.errors.contains("login_via_existing_session.enabled"))
        let told = try await agent.jeton("support")
        #expect(told.status == 7)
        #expect(told.output.contains("login_via_existing_session.enabled"))
        let json = try await agent.jeton("support", "--json")
        #expect(json.status == 7)
        #expect(json.output.contains(#""switched_off""#))
        await homeserver.server.change { $0.offersLoginTokens = true }
        #expect(try await agent.jeton("support").output.hasPrefix("yes"))
        #expect(try await agent.jeton("support", homeserver.address).status == 0)
        try await agent.stop()
    }
}
