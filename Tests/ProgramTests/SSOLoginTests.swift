import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// Signing in by the browser, and by the login token that it brings.
@Suite(.timeLimit(.minutes(5)))
struct SSOLoginTests {
    /// A homeserver with an identity provider that signs in as the user.
    private func homeserver() async throws -> (DevHomeserverUnderTest, TestUser) {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        await homeserver.server.change {
            $0.identityProviders = [.init(id: "cas", name: "Test CAS", localpart: user.id.localpart)]
        }
        return (homeserver, user)
    }

    /// The address that the browser is sent back to.
    private func callback(of login: BeginSSOLogin.Result) throws -> String {
        let items = URLComponents(string: login.ssoUrl)?.queryItems
        return try #require(items?.first { $0.name == "redirectUrl" }?.value)
    }

    @Test func `the browser comes back with a session, and the page that it ends at holds nothing of it`() async throws
    {
        let (homeserver, user) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let login = try await agent.call(
            BeginSSOLogin(userId: user.id, homeserver: homeserver.address, deviceName: "a test")
        )
        #expect(login.ssoUrl.hasPrefix("\(homeserver.address)/_matrix/client/v3/login/sso/redirect?redirectUrl="))
        #expect(try callback(of: login).wholeMatch(of: /http:\/\/127\.0\.0\.1:\d+\/sso-[A-Za-z0-9_-]{22}/) != nil)
        async let finished = agent.call(FinishSSOLogin(loginId: login.loginId))
        let page = try await TestBrowser().open(login.ssoUrl)
        #expect(page.contains("Almost done"))
        #expect(Canary.secrets(in: page).isEmpty)
        let account = try await finished.account
        #expect(account.userId == user.id)
        #expect(account.state == .active)
        _ = try await agent.mint(for: user)
        // It has come to its end: nobody listens, and the name is good for nothing.
        let again = try await agent.refusal(of: FinishSSOLogin(loginId: login.loginId))
        #expect(again.data["field"] == "login_id")
        await #expect(throws: Unexpected.self) { try await TestBrowser().open(try callback(of: login)) }
        try await agent.stop()
    }

    @Test func `the browser may be quicker than the one who waits, and several may wait`() async throws {
        let (homeserver, user) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let login = try await agent.call(BeginSSOLogin(homeserver: homeserver.address, idp: "cas"))
        #expect(login.ssoUrl.contains("/sso/redirect/cas?"))
        try await TestBrowser().open(login.ssoUrl)
        #expect(try await agent.call(FinishSSOLogin(loginId: login.loginId)).account.userId == user.id)

        let second = try await agent.call(BeginSSOLogin(homeserver: homeserver.address))
        async let one = agent.call(FinishSSOLogin(loginId: second.loginId))
        async let two = agent.call(FinishSSOLogin(loginId: second.loginId))
        // Whoever comes too late is told so; the token is redeemed once in any case.
        try await TestBrowser().open(second.ssoUrl)
        let accounts = [try? await one, try? await two].compactMap { $0?.account.userId }
        #expect(accounts.contains(user.id))
        #expect(await homeserver.server.seenRequests.count { $0.method == "POST" && $0.path.hasSuffix("/login") } == 2)
        try await agent.stop()
    }

    @Test func `a pasted address is as good, if it is this login's`() async throws {
        let (homeserver, user) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let login = try await agent.call(BeginSSOLogin(userId: user.id, homeserver: homeserver.address))
        let other = try await agent.call(BeginSSOLogin(userId: user.id, homeserver: homeserver.address))
        let wrong = [
            ("canary-token", "login_token"), ("\(try callback(of: other))?loginToken=canary-token", "begins with"),
            (try callback(of: login), "no loginToken"),
        ]
        for (address, hint) in wrong {
            let refused = try await agent.refusal(
                of: FinishSSOLogin(loginId: login.loginId, callbackUrl: Secret(address))
            )
            #expect(refused.data["field"] == "callback_url")
            #expect(refused.message.contains(hint), "\(refused.message)")
            #expect(Canary.secrets(in: refused.message).isEmpty)
        }
        let token = try await OtherClient(homeserver.address).loginToken(of: user)
        let address = "\(try callback(of: login))?loginToken=\(token)"
        let account = try await agent.call(FinishSSOLogin(loginId: login.loginId, callbackUrl: Secret(address))).account
        #expect(account.userId == user.id)
        try await agent.stop()
    }

    @Test func `a session of somebody else is not kept, and ended`() async throws {
        let (homeserver, _) = try await homeserver()
        let wanted = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        for name in [wanted.id, wanted.id.localpart] {
            let login = try await agent.call(BeginSSOLogin(userId: name, homeserver: homeserver.address))
            try await TestBrowser().open(login.ssoUrl)
            let refused = try await agent.refusal(of: FinishSSOLogin(loginId: login.loginId))
            #expect(refused.kind == .invalidParams)
            #expect(refused.message.contains("not of \(name)"))
        }
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        #expect(await homeserver.server.seenRequests.count { $0.path.hasSuffix("/logout") } == 2)
        try await agent.stop()
    }

    @Test func `the oldest of too many logins ends, and whoever waits for it is told`() async throws {
        let (homeserver, _) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let request = BeginSSOLogin(homeserver: homeserver.address)
        let first = try await agent.call(request)
        async let waiting = agent.refusal(of: FinishSSOLogin(loginId: first.loginId))
        for _ in 1...4 { _ = try await agent.call(request) }
        #expect(try await waiting.data["field"] == "login_id")
        await #expect(throws: Unexpected.self) { try await TestBrowser().open(try callback(of: first)) }
        try await agent.stop()
    }

    @Test func `a stop does not wait for a browser`() async throws {
        let (homeserver, _) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let login = try await agent.call(BeginSSOLogin(homeserver: homeserver.address))
        let client = try LineClient(agent)
        client.request("1", "account.login_sso_finish", #"{"login_id":"\#(login.loginId)"}"#)
        client.request("2", "agent.ping")
        // Requests begin in their order: the first one waits by now.
        #expect(try await onThread { try client.next() }["id"] == 2)
        let began = ContinuousClock.now
        try await agent.stop()
        // Ten seconds is what a stop leaves to answers under way.
        #expect(began.duration(to: .now) < .seconds(9))
        #expect(try await onThread { try client.next() }["error"]?["data"]?["field"] == "login_id")
    }

    @Test func `what the homeserver does not offer is named before a browser is opened`() async throws {
        let (homeserver, _) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let unknown = try await agent.refusal(of: BeginSSOLogin(homeserver: homeserver.address, idp: "github"))
        #expect(unknown.data["field"] == "idp")
        #expect(unknown.message.contains("cas (Test CAS)"))
        await homeserver.server.change { $0.identityProviders = [] }
        let none = try await agent.refusal(of: BeginSSOLogin(homeserver: homeserver.address))
        #expect(none.kind == .unsupportedByHomeserver)
        #expect(none.message.contains("no sign-in in the browser"))
        #expect(try await agent.refusal(of: BeginSSOLogin()).data["field"] == "user_id")
        try await agent.stop()
    }

    @Test func `the command opens the browser, and says who was signed in`() async throws {
        let (homeserver, user) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let browser = try TestBrowser()
        let ended = try await run(
            "jeton",
            ["login", user.id, "--sso", "--homeserver", homeserver.address, "--socket", agent.socket],
            environment: ["BROWSER": browser.command]
        )
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.hasPrefix("Signed in as \(user.id)"))
        #expect(try browser.opened().count == 1)
        try await agent.stop()
    }

    @Test func `without a browser the command prints the address, and takes the one that the browser ends at`()
        async throws
    {
        let (homeserver, user) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let token = try await OtherClient(homeserver.address).loginToken(of: user)
        let ended = try await onTerminal(
            ["login", "--sso", "--no-browser", "--homeserver", homeserver.address, "--socket", agent.socket],
            dialogue: [
                // Whoever comes back must be somebody in particular.
                ("User id", user.id), ("paste that page's address here:", token),
                ("paste that page's address here:", "{redirectUrl}?loginToken=\(token)"),
            ]
        )
        #expect(ended.status == 0, "\(ended.output)")
        #expect(ended.output.contains("must be the whole address"))
        #expect(ended.output.contains("Signed in as \(user.id)"))
        // What is pasted is not shown.
        #expect(Canary.secrets(in: ended.output).isEmpty)
        try await agent.stop()
    }

    @Test func `while the command asks for an address, the browser may still come`() async throws {
        let (homeserver, user) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let browser = try TestBrowser()
        let ended = try await onTerminal(
            ["login", user.id, "--sso", "--homeserver", homeserver.address, "--socket", agent.socket],
            dialogue: [],
            environment: ["BROWSER": browser.command]
        )
        #expect(ended.status == 0, "\(ended.output)")
        #expect(ended.output.contains("Signed in as \(user.id)"))
        try await agent.stop()
    }

    @Test func `one who gives up on the terminal ends the command, with the terminal as it was`() async throws {
        let (homeserver, user) = try await homeserver()
        let agent = try await AgentUnderTest().start()
        let ended = try await onTerminal(
            ["login", user.id, "--sso", "--no-browser", "--homeserver", homeserver.address, "--socket", agent.socket],
            dialogue: [("paste that page's address here:", "\u{3}")]
        )
        #expect(ended.status == 1)
        #expect(ended.output.contains("you gave up"))
        try await agent.stop()
    }

    @Test(.enabled(if: HomeserverKind.available.contains(.synapse)))
    func `at Synapse, by its CAS: sign in, confirm by the browser, and mint`() async throws {
        let homeserver = try await SynapseUnderTest.running(.sso)
        let user = homeserver.newVisitor()
        let browser = try TestBrowser(user: user.id.localpart)
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let ended = try await run(
            "jeton",
            ["login", user.id, "--sso", "--idp", "cas", "--homeserver", homeserver.address, "--socket", agent.socket],
            environment: ["BROWSER": browser.command]
        )
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.output.hasPrefix("Signed in as \(user.id)"))

        // Without a password there is one stage, m.login.sso, which is done on its page.
        let asked = try await agent.refusal(of: GenerateLoginToken())
        let challenge = try #require(asked.data["challenge"])
        let page = try #require(asked.data["fallback_urls"]?["m.login.sso"]?.stringValue)
        let alone = GenerateLoginToken(auth: ["challenge": challenge])
        let early = try await agent.refusal(of: alone)
        #expect(early.kind == .authRequired)
        #expect(early.data["completed"] == [])
        try await browser.open(page)
        let token = try await agent.call(alone)
        #expect(token.userId == user.id)
        let other = OtherClient(homeserver.address)
        #expect(try await other.logIn(token: token.loginToken.reveal()).body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test(.enabled(if: HomeserverKind.available.contains(.synapse)))
    func `at Synapse, the command waits for the browser before it prints a token`() async throws {
        let homeserver = try await SynapseUnderTest.running(.sso)
        let user = homeserver.newVisitor()
        let browser = try TestBrowser(user: user.id.localpart)
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let login = try await agent.call(BeginSSOLogin(userId: user.id, homeserver: homeserver.address))
        try await browser.open(login.ssoUrl)
        _ = try await agent.call(FinishSSOLogin(loginId: login.loginId))
        let ended = try await run(
            "jeton",
            ["token", "--socket", agent.socket],
            environment: ["BROWSER": browser.command]
        )
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(ended.errors.contains("waiting for it"))
        let other = OtherClient(homeserver.address)
        #expect(try await other.logIn(token: String(ended.output.dropLast())).body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test(.enabled(if: HomeserverKind.available.contains(.synapse)))
    func `at Synapse, signing in again by the browser keeps the device`() async throws {
        let homeserver = try await SynapseUnderTest.running(.sso)
        let user = homeserver.newVisitor()
        let browser = try TestBrowser(user: user.id.localpart)
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        var devices: Set<String> = []
        for _ in 1...2 {
            let login = try await agent.call(BeginSSOLogin(userId: user.id, homeserver: homeserver.address))
            try await browser.open(login.ssoUrl)
            devices.insert(try await agent.call(FinishSSOLogin(loginId: login.loginId)).account.deviceId)
        }
        #expect(devices.count == 1)
        try await agent.stop()
    }
}
