import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// Handing a login token to a client that waits for its browser: to that client alone, and not without consent.
@Suite(.timeLimit(.minutes(5))) struct HandoverTests {
    private static let path = "/_matrix/client/v3/login/sso/redirect"

    /// What a client opens that waits at an address of its own.
    static func address(_ homeserver: String, _ redirect: String) -> String {
        let plain = CharacterSet.alphanumerics
        return "\(homeserver)\(path)?redirectUrl=\(redirect.addingPercentEncoding(withAllowedCharacters: plain) ?? "")"
    }

    static func request(_ homeserver: any TestHomeserver, _ client: WaitingClient, _ rest: String = "/")
        -> HandOverLoginToken
    {
        HandOverLoginToken(ssoUrl: address(homeserver.address, "http://localhost:\(client.port)\(rest)"))
    }

    /// The whole way: the challenge, then the password.
    static func handOver(
        _ request: HandOverLoginToken,
        _ agent: AgentUnderTest,
        _ user: TestUser
    ) async throws -> HandOverLoginToken.Result {
        try await agent.call(try await answered(request, agent, user))
    }

    static func answered(
        _ request: HandOverLoginToken,
        _ agent: AgentUnderTest,
        _ user: TestUser
    ) async throws -> HandOverLoginToken {
        let asked = try await agent.refusal(of: request)
        guard let challenge = asked.data["challenge"]?.stringValue else { throw Unexpected("\(asked)") }
        var request = request
        request.auth = AuthDictionary(user.auth(challenge))
        return request
    }

    @Test(arguments: HomeserverKind.available)
    func `the client that waits is signed in, by one GET, and is named before`(kind: HomeserverKind) async throws {
        let (agent, user, homeserver) = try await signedIn(kind)
        let client = try await WaitingClient()
        let request = Self.request(homeserver, client, "/back?state=a%2Fb&empty=")
        let asked = try await agent.refusal(of: request)
        #expect(asked.kind == .authRequired)
        #expect(asked.data["account"]?.stringValue == user.id)
        let destination = try #require(asked.data["destination"])
        #expect(destination["address"] == "localhost")
        #expect(destination["port"]?.integerValue == client.port)
        #expect(destination["pid"]?.integerValue == Int(client.pid))
        #expect(destination["command"]?.stringValue?.hasPrefix("python3") == true)
        var answer = request
        answer.auth = AuthDictionary(user.auth(try #require(asked.data["challenge"]?.stringValue)))
        let result = try await agent.call(answer)
        #expect(result.deliveredTo == "http://localhost:\(client.port)")
        #expect(result.openUrl == nil)
        let head = try #require(try client.requests().first)
        #expect(head.hasPrefix("GET /back?state=a%2Fb&empty=&loginToken="))
        #expect(head.contains("\r\nHost: localhost:\(client.port)\r\n"))
        #expect(try client.requests().count == 1)
        let token = try #require(try client.tokens().first)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).body["user_id"] == user.id)
        // The same ledger, and the same limit.
        #expect(try await agent.call(ListLoginTokens()).tokens.map(\.tokenId) == [result.tokenId])
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .rateLimited)
        #expect(agent.logText.contains("login_token.handed_over"))
        try await agent.stop()
    }

    @Test func `an address that is not to be trusted mints nothing, and is told what is wrong`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient()
        let here = "http://localhost:\(client.port)/"
        let own = homeserver.address
        let hostile = [
            ("https://matrix.evil.example", "the accounts here are at"), ("\(own).evil.example", "a port that is none"),
            (own.replacing("http://", with: "https://"), "the accounts here are at"),
            (own.replacing("://", with: "://\(own.dropFirst(7))@"), "user name"),
            (own.replacing("localhost", with: "localhost."), "the accounts here are at"),
            (own.replacing("localhost", with: "localhost\\@evil.example"), "another character"),
            (own.replacing("localhost", with: "l\u{43E}calhost"), "another character"),
            (own.replacing("localhost", with: "xn--lcalhost-9ya"), "the accounts here are at"),
            (own + "/elsewhere", "the accounts here are at"), (own + "/x/..", "the accounts here are at"),
        ]
        for (base, hint) in hostile {
            let refused = try await agent.refusal(of: HandOverLoginToken(ssoUrl: Self.address(base, here)))
            #expect(refused.kind == .invalidParams, "\(base): \(refused)")
            #expect(refused.data["field"] == "sso_url")
            #expect(refused.message.contains(hint), "\(base): \(refused.message)")
        }
        let redirects = [
            ("http://localhost@evil.example/", "user name"),
            ("http://localhost:\(client.port)@evil.example/", "user name"),
            ("http://localhost:\(client.port)/\r\nX-Injected: 1", "another character"),
            ("http://localhost:\(client.port)/ HTTP/1.1", "another character"), ("http://localhost:0/", "port"),
            ("http://localhost:99999/", "port"), ("http://local%68ost/", "host"), ("/relative", "no address"),
            ("", "no address"), ("http:localhost", "begins with"),
            ("\(here)?loginToken=canary-other", "loginToken along"),
            ("\(here)\(String(repeating: "x", count: 9000))", "8192 bytes"),
        ]
        for (redirect, hint) in redirects {
            let refused = try await agent.refusal(of: HandOverLoginToken(ssoUrl: Self.address(own, redirect)))
            #expect(refused.kind == .invalidParams, "\(redirect): \(refused)")
            #expect(refused.message.contains(hint), "\(redirect): \(refused.message)")
        }
        for text in ["", "nonsense", "\(own)/_matrix/client/v3/login?redirectUrl=\(here)", "\(own)\(Self.path)"] {
            #expect(try await agent.refusal(of: HandOverLoginToken(ssoUrl: text)).data["field"] == "sso_url")
        }
        let twice = Self.address(own, here) + "&redirectUrl=http://evil.example"
        #expect(try await agent.refusal(of: HandOverLoginToken(ssoUrl: twice)).message.contains("several"))
        // More than a line of the socket may have.
        let client1MiB = try LineClient(agent)
        let long = Self.address(own, here) + String(repeating: "x", count: 1 << 20)
        client1MiB.request("1", HandOverLoginToken.name, #"{"sso_url":"\#(long)"}"#)
        #expect(try await onThread { try client1MiB.next() }["error"]?["data"]?["kind"] == "invalid_request")
        #expect(await homeserver.mintRequests(of: user) == 0)
        #expect(try client.requests().isEmpty)
        try await agent.stop()
    }

    @Test(arguments: [
        "https://chat.example.org/#/", "http://192.168.1.1/", "http://localhost.evil.example:8080/",
        "https://localhost:8443/", "http://127.0.0.2:1/", "http://2130706433/", "http://[::ffff:127.0.0.1]:80/",
        "http://10.0.0.1:8080/", "http://169.254.169.254/", "http://[fd00::1]/", "http://0.0.0.0:8080/",
        "http://localhost.:8080/", "http://xn--lcalhost-9ya.example/",
        // One that would only send the browser on, to a client here.
        "https://evil.example/_matrix/client/v3/login/sso/redirect?redirectUrl=http://localhost:1/",
    ])
    func `a redirect that leads elsewhere is left to the browser, and mints nothing`(redirect: String) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let address = Self.address(homeserver.address, redirect)
        let result = try await agent.call(HandOverLoginToken(ssoUrl: address))
        #expect(result == .init(openUrl: address))
        let ended = try await agent.jeton("handover", address, "--no-browser", "--password-stdin")
        #expect(ended.status == 0)
        #expect(ended.errors.contains("No login token was minted"))
        #expect(ended.errors.contains(address))
        #expect(await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }

    @Test(arguments: ["element://connect", "im.fluffychat.auth://login"])
    func `a program that the desktop would start gets no token, and the way out is named`(redirect: String) async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let refused = try await agent.refusal(
            of: HandOverLoginToken(ssoUrl: Self.address(homeserver.address, redirect))
        )
        #expect(refused.kind == .forbidden)
        #expect(refused.message.contains("jeton token"))
        #expect(refused.data["open_url"]?.stringValue == Self.address(homeserver.address, redirect))
        #expect(await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }

    @Test(arguments: ["127.0.0.1", "::1", "::"].filter(Loopback.has))
    func `a client that listens no more from the first connection on gets its token`(address: String) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient(at: address, "once")
        let result = try await Self.handOver(Self.request(homeserver, client), agent, user)
        #expect(result.deliveredTo == "http://localhost:\(client.port)")
        let token = try #require(try client.tokens().first)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test func `a redirect of the client's is not followed`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let next = try await WaitingClient()
        let client = try await WaitingClient("redirect:http://localhost:\(next.port)/")
        let result = try await Self.handOver(Self.request(homeserver, client), agent, user)
        #expect(result.deliveredTo == "http://localhost:\(client.port)")
        #expect(try client.requests().count == 1)
        #expect(try next.requests().isEmpty)
        try await agent.stop()
    }

    @Test func `a challenge is good for its address alone, and for no token in the caller's hands`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient()
        let request = Self.request(homeserver, client)
        let answer = try await Self.answered(request, agent, user)
        let other = try await WaitingClient()
        var elsewhere = answer
        elsewhere.ssoUrl = Self.request(homeserver, other).ssoUrl
        #expect(try await agent.refusal(of: elsewhere).kind == .forbidden)
        #expect(try await agent.refusal(of: GenerateLoginToken(auth: answer.auth?.members)).kind == .forbidden)
        var stolen = request
        stolen.auth = AuthDictionary(user.auth(try await agent.challenge()))
        #expect(try await agent.refusal(of: stolen).kind == .forbidden)
        #expect(try await agent.call(ListLoginTokens()).tokens.isEmpty)
        _ = try await agent.call(answer)
        #expect(try client.tokens().count == 1)
        try await agent.stop()
    }

    @Test func `the agent's own prompt says who will be signed in where, and no is no`() async throws {
        let prompt = try await PromptUnderTest("cancel ok")
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(
            configuration: "{limits: {login_token: {count: 99, per_ms: 60000}}}",
            arguments: ["--prompt-socket", prompt.socket]
        ).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        let client = try await WaitingClient()
        #expect(try await agent.refusal(of: Self.request(homeserver, client)).kind == .consentDenied)
        #expect(try client.requests().isEmpty)
        for part in [user.id, homeserver.address, "localhost port \(client.port), process \(client.pid)", "“python3"] {
            #expect(prompt.description.contains(part), "\(part)")
        }
        _ = try await agent.call(Self.request(homeserver, client))
        #expect(try client.tokens().count == 1)
        #expect(prompt.questions == 2)
        try await agent.stop()
    }

    @Test func `of several accounts the homeserver's is meant, then the default, then the one that is named`()
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let second = try await homeserver.newUser()
        let elsewhere = try await DevHomeserverUnderTest()
        let other = try await elsewhere.newUser()
        try await agent.logIn(other, at: elsewhere.address)
        let client = try await WaitingClient()
        let request = Self.request(homeserver, client)
        #expect(try await agent.refusal(of: request).data["account"]?.stringValue == user.id)
        try await agent.logIn(second, at: homeserver.address)
        let several = try await agent.refusal(of: request)
        #expect(several.data["candidates"] == .array([user.id, second.id].sorted().map { .string($0) }))
        _ = try await agent.call(SetDefaultAccount(account: second.id))
        #expect(try await agent.refusal(of: request).data["account"]?.stringValue == second.id)
        var named = request
        named.account = user.id
        #expect(try await agent.refusal(of: named).data["account"]?.stringValue == user.id)
        named.account = other.id
        #expect(try await agent.refusal(of: named).data["field"] == "sso_url")
        try await agent.stop()
    }

    @Test(arguments: [
        ("https://example.org/LONG", "the address has more than 8192 bytes"),
        ("nonsense", "the address begins with neither https:// nor http://"),
        ("https://example.org/", "the address is no address to sign in at, as in https://matrix.example.org/"),
    ])
    func `what is no SSO address is refused by the command, agent or not`(address: String, flaw: String) async throws {
        let address = address.replacing("LONG", with: String(repeating: "x", count: 120_000))
        let ended = try await run("jeton", ["handover", address, "--socket", "/nowhere/agent.sock"])
        #expect(ended.status == 64)
        #expect(ended.errors.hasPrefix("jeton: \(flaw)"), "\(ended.errors.prefix(256))")
        // Programs read of it what the agent would say.
        let told = try await run("jeton", ["handover", address, "--socket", "/nowhere/agent.sock", "--json"])
        let error = try JSONDecoder().decode([String: JSONValue].self, from: Data(told.errors.utf8))["error"]
        #expect(error?["code"] == -32602 && error?["data"]?["field"] == "sso_url", "\(told.errors.prefix(256))")
    }

    @Test func `the command says who waits where before it asks for the password`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient()
        let ended = try await onTerminal(
            ["handover", Self.request(homeserver, client).ssoUrl, "--socket", agent.socket],
            dialogue: [("Password of \(user.id)", user.password)]
        )
        #expect(ended.status == 0, "\(ended.output)")
        #expect(ended.output.contains("(\(client.pid)), which waits at localhost port \(client.port)."))
        #expect(ended.output.contains("not verified for end-to-end encryption"))
        #expect(try client.tokens().count == 1)
        #expect(Canary.secrets(in: ended.output).isEmpty)
        try await agent.stop()
    }
}
