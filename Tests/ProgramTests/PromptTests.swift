import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import Synchronization
import TestSupport
import Testing

/// The agent's own prompt, with a scripted pinentry: what comes of a question, and that nothing is left of it.
@Suite struct PromptTests {
    private static let quick = "limits: {login_token: {count: 99, per_ms: 60000}}"

    /// An agent with this prompt, signed in as somebody new at a small homeserver.
    private static func agent(
        _ prompt: PromptUnderTest,
        _ setup: Setup = .unasking,
        _ settings: String = quick
    ) async throws -> (AgentUnderTest, TestUser, DevHomeserverUnderTest) {
        let homeserver = try await DevHomeserverUnderTest(setup) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let arguments = ["--prompt-socket", prompt.socket]
        let agent = try await AgentUnderTest(configuration: "{\(settings)}", arguments: arguments).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        return (agent, user, homeserver)
    }

    @Test func `where the homeserver asks nothing, the prompt does, and says who asks for what`() async throws {
        let prompt = try await PromptUnderTest()
        let (agent, user, homeserver) = try await Self.agent(prompt)
        let token = try await agent.call(GenerateLoginToken(purpose: "my 100 % phone"))
        #expect(try await OtherClient(homeserver.address).logIn(token: token.loginToken.reveal()).status == 200)
        let description = prompt.description
        for part in [user.id, homeserver.address, "“my 100 % phone”", "Process \(getpid()) of user \(geteuid())"] {
            #expect(description.contains(part), "\(part)")
        }
        #expect(prompt.log.contains("SETOK _Allow") && prompt.log.contains("SETCANCEL _Cancel"))
        #expect(prompt.questions == 1)
        // Known to ask nothing by now: the question comes first.
        try prompt.plan("cancel")
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .consentDenied)
        #expect(await homeserver.mintRequests(of: user) == 1)
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test(arguments: [
        ("cancel", AgentError.Kind.consentDenied), ("notok", .consentDenied), ("timeout", .consentTimeout),
        ("no-tty", .promptUnavailable), ("crash", .promptUnavailable), ("close", .promptUnavailable),
        ("garbage", .promptUnavailable), ("flood", .promptUnavailable), ("endless", .promptUnavailable),
        ("hang", .consentTimeout), ("stubborn", .consentTimeout),
    ])
    func `promise 2: whatever becomes of the question, it is told, nothing is delivered and nothing is left`(
        plan: String,
        kind: AgentError.Kind
    ) async throws {
        let prompt = try await PromptUnderTest(plan)
        // Long enough for a busy machine to show the question.
        let patience = ["hang", "stubborn"].contains(plan) ? 8000 : 60_000
        let (agent, user, homeserver) = try await Self.agent(
            prompt,
            .unasking,
            "\(Self.quick), prompt_timeout_ms: \(patience)"
        )
        for _ in 1...2 {
            let refused = try await agent.refusal(of: GenerateLoginToken())
            #expect(refused.kind == kind)
            #expect(refused.data["login_token"] == nil)
        }
        // Whether it asks only the first one could tell; its token was sealed, and is gone.
        #expect(await homeserver.mintRequests(of: user) == 1)
        #expect(try await agent.call(ListLoginTokens()).tokens.count == 1)
        #expect(prompt.questions == 2)
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test func `a token that waited sealed for a yes is gone with the no`() async throws {
        let prompt = try await PromptUnderTest("cancel ok")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .consentDenied)
        let sealed = try #require(try await agent.call(ListLoginTokens()).tokens.first)
        #expect(await homeserver.mintRequests(of: user) == 1)
        // The next yes is about another one.
        let token = try await agent.call(GenerateLoginToken())
        #expect(token.tokenId != sealed.tokenId)
        #expect(await homeserver.mintRequests(of: user) == 2)
        #expect(!agent.logText.contains("\(sealed.tokenId)"))
        try await agent.stop()
    }

    @Test func `a pinentry that is not there is named, and how to get one`() async throws {
        let prompt = try await PromptUnderTest(pinentry: "/nowhere/pinentry")
        let (agent, _, _) = try await Self.agent(prompt)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .promptUnavailable)
        #expect(refused.message.contains("Install pinentry-gnome3"))
        #expect(refused.message.contains("config.json5"))
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test func `a pinentry that others may have named is not run`() async throws {
        let prompt = try await PromptUnderTest()
        let file = try prompt.allowOthersToConfigure()
        let (agent, _, _) = try await Self.agent(prompt)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .promptUnavailable)
        #expect(refused.message.contains("\(file): others may write to it"), "\(refused.message)")
        #expect(prompt.log.isEmpty)
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test func `a prompt that cannot show itself says what is missing`() async throws {
        let prompt = try await PromptUnderTest("no-tty")
        let (agent, _, _) = try await Self.agent(prompt)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.message.contains("import-environment DISPLAY"))
        try await agent.stop()
    }

    @Test func `a password is asked for again while it is wrong, with how many tries are left`() async throws {
        let prompt = try await PromptUnderTest()
        let (agent, user, homeserver) = try await Self.agent(prompt, .asking, "\(Self.quick), consent: 'prompt'")
        try prompt.plan("pin:canary-wrong pin:\(user.password)")
        let token = try await agent.call(GenerateLoginToken())
        #expect(try await OtherClient(homeserver.address).logIn(token: token.loginToken.reveal()).status == 200)
        #expect(prompt.log.contains("SETERROR That password was wrong; 4 tries are left."))
        #expect(prompt.log.count { $0 == "GETPIN" } == 2)
        try prompt.plan("pin:canary-wrong")
        let limited = try await agent.refusal(of: GenerateLoginToken())
        #expect(limited.kind == .rateLimited)
        #expect(limited.data["limit"] == "wrong_password")
        // The right one has forgiven the wrong one before it.
        #expect(prompt.log.count { $0 == "GETPIN" } == 2 + 5)
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test func `nothing typed is no password, and a lie no yes`() async throws {
        let prompt = try await PromptUnderTest("lie")
        let (agent, user, homeserver) = try await Self.agent(prompt, .asking)
        #expect(try await agent.refusal(of: GenerateLoginToken(prompt: .agent)).kind == .consentDenied)
        // The homeserver's question alone.
        #expect(await homeserver.mintRequests(of: user) == 1)
        #expect(try await agent.call(ListLoginTokens()).tokens.isEmpty)
        try await agent.stop()
    }

    @Test func `promise 2: under the policy prompt no program answers in the user's place`() async throws {
        let prompt = try await PromptUnderTest("cancel")
        let (agent, user, homeserver) = try await Self.agent(prompt, .asking, "consent: 'caller'")
        let challenge = try await agent.challenge()
        try agent.folder.write("{consent: 'prompt'}", to: "config/config.json5")
        agent.send(SIGHUP)
        try await eventually("it is read anew") { agent.logText.contains("the configuration was read anew") }
        let brought = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(brought.kind == .forbidden)
        #expect(try await agent.refusal(of: GenerateLoginToken(prompt: .caller)).kind == .forbidden)
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .consentDenied)
        #expect(await homeserver.mintRequests(of: user) == 2)
        try await agent.stop()
    }

    @Test func `without a prompt the policy asks the homeserver nothing, and the unit to switch on is named`()
        async throws
    {
        let (agent, user, homeserver) = try await signedIn(
            .devHomeserver,
            .unasking,
            configuration: "{consent: 'prompt'}"
        )
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .promptUnavailable)
        #expect(refused.message.contains("XDG_RUNTIME_DIR"))
        #expect(try await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()

        let other = try AgentUnderTest(
            configuration: "{consent: 'prompt'}",
            arguments: ["--prompt-socket", "/x"]
        )
        try await other.start()
        try await other.logIn(user, at: homeserver.address)
        let named = try await other.refusal(of: GenerateLoginToken())
        #expect(named.message.contains("systemctl --user enable --now jeton-prompt.socket"))
        #expect(try await homeserver.mintRequests(of: user) == 0)
        try await other.stop()
    }

    @Test func `of thirty requests at once one is asked, a few wait, and those that go are never shown`() async throws {
        let prompt = try await PromptUnderTest("ok")
        let (agent, user, _) = try await Self.agent(prompt)
        _ = try await agent.call(GenerateLoginToken())
        try prompt.plan("until:go")
        let clients = try (1...30).map { _ in try LineClient(agent) }
        for (number, client) in clients.enumerated() {
            client.request("\(number)", GenerateLoginToken.name, #"{"purpose":"number \#(number)"}"#)
        }
        try await eventually("one is shown") { prompt.questions == 2 }
        let shown = try #require(prompt.description.firstMatch(of: /number (\d+)/).flatMap { Int($0.1) })
        // All but the nine are told at once; whoever waits is silent, so they are found by what they answer to a ping.
        try await eventually("all the others are told") {
            try await agent.call(GetMetrics()).failuresByKind["busy"] == 21
        }
        var waiting: [Int] = []
        for (number, client) in clients.enumerated() {
            client.request("99", Ping.name)
            let first = try await onThread { try client.next() }
            if first["error"]?["data"]?["kind"] == "busy" { continue }
            #expect(first["id"] == 99)
            waiting.append(number)
        }
        #expect(waiting.count == 9)
        #expect(waiting.contains(shown))
        let last = try #require(waiting.last { $0 != shown })
        for number in waiting where number != shown && number != last { clients[number].close() }
        let began = ContinuousClock.now
        try prompt.release("go")
        for number in [shown, last] {
            let answer = try await onThread { try clients[number].next { $0["id"] != 99 } }
            #expect(answer["result"]?["user_id"]?.stringValue == user.id, "\(answer)")
        }
        #expect(ContinuousClock.now - began >= .milliseconds(1500))
        #expect(prompt.questions == 3)
        #expect(prompt.description.contains("number \(last)"))
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test func `a question is withdrawn when its client goes`() async throws {
        let prompt = try await PromptUnderTest("hang")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        let client = try LineClient(agent)
        client.request("1", GenerateLoginToken.name)
        try await eventually("it is shown") { prompt.questions == 1 }
        client.close()
        try await prompt.isQuiet()
        // Nothing waits any more, and the next one is asked.
        try prompt.plan("ok")
        _ = try await agent.call(GenerateLoginToken())
        #expect(await homeserver.mintRequests(of: user) == 2)
        try await agent.stop()
    }

    @Test func `consent that was given is not asked for again where a limit stands in the way`() async throws {
        let prompt = try await PromptUnderTest("ok")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        _ = try await agent.call(GenerateLoginToken())
        let consented = Mutex<JSONValue?>(nil)
        try await homeserver.limitNextMint(of: user) {
            let limited = try await agent.refusal(of: GenerateLoginToken())
            #expect(limited.kind == .rateLimited)
            consented.withLock { $0 = limited.data["challenge"] }
        }
        let challenge = try #require(consented.withLock { $0 })
        #expect(prompt.questions == 2)
        _ = try await agent.patiently(GenerateLoginToken(auth: ["challenge": challenge]))
        #expect(prompt.questions == 2)
        // Once.
        #expect(try await agent.refusal(of: GenerateLoginToken(auth: ["challenge": challenge])).kind == .invalidParams)

        // Whoever is ready to wait gets it in one go.
        let patient = Mutex<String?>(nil)
        try await homeserver.limitNextMint(of: user) {
            let token = try await agent.call(GenerateLoginToken(waitMs: 60_000))
            patient.withLock { $0 = token.userId }
        }
        #expect(patient.withLock { $0 } == user.id)
        #expect(prompt.questions == 3)
        try await agent.stop()
    }

    @Test func `another program's terminal is refused`() async throws {
        let prompt = try await PromptUnderTest()
        let (agent, _, _) = try await Self.agent(prompt)
        let refused = try await agent.refusal(of: GenerateLoginToken(terminal: .init(tty: "/dev/tty0")))
        #expect(refused.kind == .invalidParams)
        #expect(refused.data["field"] == "terminal.tty")
        #expect(prompt.questions == 0)
        try await agent.stop()
    }
}
