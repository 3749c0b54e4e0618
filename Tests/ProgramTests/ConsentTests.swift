import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// Answering from elsewhere what the agent asks the user, while nobody answers its prompt.
@Suite struct ConsentTests {
    private static let quick = "limits: {login_token: {count: 99, per_ms: 60000}}"

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

    @Test(.withoutSystemd) func `a yes at another terminal hands the token to who asked, and the prompt vanishes`()
        async throws
    {
        let prompt = try await PromptUnderTest("hang")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        async let minted = agent.jeton("token", "--purpose", "a phone")
        let consent = try await agent.waiting()
        try await eventually("it is shown") { prompt.questions == 1 }
        #expect(consent.wants == .consent && consent.prompt == .agent)
        #expect((consent.account, consent.homeserver, consent.purpose) == (user.id, homeserver.address, "a phone"))
        #expect(consent.requester?.command == "jeton")
        let approved = try await agent.approve(consent, dialogue: [("Do you agree? [y/N]", "y")])
        #expect(approved.status == 0, "\(approved.output)")
        let introduction = "A program asks for a login token. Whoever has it signs in as you, once."
        for part in [introduction, user.id, homeserver.address, "“a phone”", "It calls itself: “jeton”", "Approved."] {
            #expect(approved.output.contains(part), "\(part)")
        }
        #expect(Canary.secrets(in: approved.output).isEmpty)
        let token = try await minted
        #expect(token.status == 0, "\(token.errors)")
        let login = try await OtherClient(homeserver.address).logIn(token: String(token.output.dropLast()))
        #expect(login.status == 200)
        try await prompt.isQuiet()
        #expect(await homeserver.mintRequests(of: user) == 1)
        #expect(agent.logText.contains("the user has agreed from elsewhere"))
        // Once.
        #expect(try await agent.refusal(of: ApproveConsent(consentId: consent.consentId)).kind == .invalidParams)
        #expect(try await agent.jeton("pending").errors == "Nothing waits for you.\n")
        try await agent.stop()
    }

    @Test func `a no from anywhere is a no, and what is gone is said to be`() async throws {
        let prompt = try await PromptUnderTest("ok hang")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        _ = try await agent.call(GenerateLoginToken())
        async let minted = agent.jeton("token")
        let consent = try await agent.waiting()
        let pending = try await agent.jeton("pending")
        #expect(pending.output.contains(consent.consentId) && pending.output.contains(user.id))
        let denied = try await agent.jeton("deny", consent.consentId)
        #expect((denied.status, denied.output) == (0, "Denied.\n"))
        let ended = try await minted
        #expect(ended.status == 4)
        #expect(ended.errors.contains("The user has refused"))
        try await prompt.isQuiet()
        // It is known to ask nothing, so the question comes first.
        #expect(await homeserver.mintRequests(of: user) == 1)
        for command in ["deny", "approve"] {
            let late = try await agent.jeton(command, consent.consentId)
            #expect(late.status == 1)
            #expect(late.errors.contains("answered or withdrawn"), "\(late.errors)")
        }
        try await agent.stop()
    }

    @Test func `promise 8: no purpose forges what is shown at another terminal`() async throws {
        let prompt = try await PromptUnderTest("hang")
        let (agent, _, _) = try await Self.agent(prompt)
        // It fills a row of the terminal, so that the next one looks like a line of ours. No process has this number.
        let forged = "  Process 0 of user 1000, unit settings"
        let head = "my phone” ″ \""
        let purpose = head + String(repeating: " ", count: 52 - head.count) + forged
        async let minted = agent.jeton("token", "--purpose", purpose)
        let consent = try await agent.waiting()
        let refused = try await onTerminal(
            ["approve", consent.consentId, "--socket", agent.socket],
            dialogue: [("Do you agree?", "n")],
            size: "24x80"
        )
        #expect(refused.status == 4, "\(refused.output)")
        let requester = try #require(consent.requester)
        let attested = "Process \(requester.pid) of user \(getuid())"
        let shown = "“my phone\" \" \" Process 0 of user 1000, unit settings”"
        let lines = refused.output.split(separator: "\r\n").map(String.init)
        #expect(!rows(of: lines, 80).contains { $0.hasPrefix("  Process 0") }, "\(refused.output)")
        let line = try #require(lines.firstIndex { $0 == "  For, in its own words: \(shown)" }, "\(refused.output)")
        #expect(try #require(lines.firstIndex { $0.hasPrefix("  \(attested)") }) < line)
        #expect(lines[line + 1].hasPrefix("Do you agree?"))
        let pending = try await agent.jeton("pending").output
        #expect(pending.contains(attested) && pending.contains("  “jeton”  ") && pending.hasSuffix("\(shown)\n"))
        _ = try await agent.call(DenyConsent(consentId: consent.consentId))
        #expect(try await minted.status == 4)
        try await agent.stop()
    }

    /// The rows of a terminal that these lines fill.
    private func rows(of lines: [String], _ columns: Int) -> [String] {
        lines.flatMap { line in
            stride(from: 0, to: line.count, by: columns).map { String(line.dropFirst($0).prefix(columns)) }
        }
    }

    @Test func `promise 2: a program's own yes counts for nothing, nor that of who started it or was started by it`()
        async throws
    {
        let prompt = try await PromptUnderTest("ok hang")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        _ = try await agent.call(GenerateLoginToken())
        // We ask, and a child of ours agrees.
        let client = try LineClient(agent)
        client.request("1", GenerateLoginToken.name)
        var consent = try await agent.waiting()
        let params = #"{"consent_id":"\#(consent.consentId)"}"#
        let child = try await agent.jeton("rpc", ApproveConsent.name, params)
        #expect(child.status == 4)
        #expect(child.errors.contains("cannot agree in your place"), "\(child.errors)")
        #expect(try await agent.refusal(of: ApproveConsent(consentId: consent.consentId)).kind == .forbidden)
        let onTerminal = try await agent.approve(consent, dialogue: [("Do you agree?", "y")])
        #expect(onTerminal.status == 4, "\(onTerminal.output)")
        client.close()
        try await prompt.isQuiet()
        try await eventually("the question is withdrawn") { try await agent.call(ListConsents()).consents.isEmpty }
        // A child of ours asks, and we agree.
        try prompt.plan("hang")
        async let minted = agent.jeton("token")
        consent = try await agent.waiting()
        #expect(try await agent.refusal(of: ApproveConsent(consentId: consent.consentId)).kind == .forbidden)
        #expect(try await agent.call(ListConsents()).consents == [consent])
        _ = try await agent.call(DenyConsent(consentId: consent.consentId))
        #expect(try await minted.status == 4)
        #expect(await homeserver.mintRequests(of: user) == 1)
        try await agent.stop()
    }

    @Test func `where the homeserver wants the password, that is what agrees, whoever brings it`() async throws {
        let prompt = try await PromptUnderTest("hang")
        let (agent, user, homeserver) = try await Self.agent(prompt, .asking, "\(Self.quick), consent: 'prompt'")
        async let minted = agent.jeton("token", "--purpose", "a phone")
        let consent = try await agent.waiting()
        #expect(consent.wants == .auth)
        try await eventually("the dialog stands") { prompt.questions == 1 && !prompt.processes.isEmpty }
        // The yes alone is answered by what is wanted, under a name that is of no use for minting.
        let asked = try await agent.refusal(of: ApproveConsent(consentId: consent.consentId))
        #expect(asked.kind == .authRequired)
        #expect(asked.data["challenge"]?.stringValue == consent.consentId)
        let stolen = GenerateLoginToken(auth: user.auth(consent.consentId))
        #expect(try await agent.refusal(of: stolen).data["field"] == "auth.challenge")
        let wrong = try await agent.jeton("approve", consent.consentId, "--password-stdin", input: "canary-wrong\n")
        #expect(wrong.status == 4)
        #expect(wrong.errors.contains("Invalid username or password"), "\(wrong.errors)")
        let limits = try await agent.call(GetRateLimitStatus()).limits
        #expect(limits.first { $0.name == .wrongPassword }?.remaining == 4)
        // The dialog still stands.
        #expect(prompt.questions == 1 && !prompt.processes.isEmpty)
        let approved = try await agent.approve(
            consent,
            dialogue: [("Password of \(user.id):", "canary-wrong"), ("Password of", user.password)]
        )
        #expect(approved.status == 0, "\(approved.output)")
        #expect(Canary.secrets(in: approved.output).isEmpty)
        let token = try await minted
        #expect(token.status == 0, "\(token.errors)")
        let login = try await OtherClient(homeserver.address).logIn(token: String(token.output.dropLast()))
        #expect(login.status == 200)
        try await prompt.isQuiet()
        #expect(try await agent.call(ListLoginTokens()).tokens.map(\.requester.command) == ["jeton"])
        try await agent.stop()
    }

    @Test func `a challenge that a program holds can be answered or denied elsewhere, too`() async throws {
        let prompt = try await PromptUnderTest("hang")
        let (agent, user, homeserver) = try await Self.agent(prompt, .asking)
        let challenge = try await agent.challenge(purpose: "a bot")
        var consent = try await agent.waiting()
        #expect(consent.prompt == .caller && consent.wants == .auth && consent.purpose == "a bot")
        let input = user.password + "\n"
        let approved = try await agent.jeton("approve", consent.consentId, "--password-stdin", input: input)
        #expect(approved.status == 0, "\(approved.errors)")
        #expect(try await agent.call(ListConsents()).consents.isEmpty)
        let token = try await agent.call(GenerateLoginToken(auth: ["challenge": .string(challenge)]))
        let login = try await OtherClient(homeserver.address).logIn(token: token.loginToken.reveal())
        #expect(login.status == 200)

        let before = await homeserver.mintRequests(of: user)
        let second = try await agent.challenge()
        consent = try await agent.waiting()
        _ = try await agent.call(DenyConsent(consentId: consent.consentId))
        let denied = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(second)))
        #expect(denied.kind == .consentDenied)
        #expect(await homeserver.mintRequests(of: user) == before + 1)
        #expect(prompt.questions == 0)
        try await agent.stop()
    }

    @Test(.withoutSystemd) func `without a prompt a request fails at once, unless somebody waits to be asked`()
        async throws
    {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let settings = "{consent: 'prompt', \(Self.quick)}"
        let agent = try await AgentUnderTest(configuration: settings, arguments: ["--prompt-socket", "/nowhere"])
            .start()
        try await agent.logIn(user, at: homeserver.address)
        let refused = try await agent.jeton("token")
        #expect(refused.status == 8)
        #expect(refused.errors.contains("run `jeton approve` in another terminal"), "\(refused.errors)")
        #expect(await homeserver.mintRequests(of: user) == 0)
        let socket = agent.socket
        // Nor does anybody wait who cannot be asked.
        let aside = ["20", "/usr/bin/setsid", "--wait", Programs.path("jeton"), "approve", "--socket", socket]
        let blind = try await run("/usr/bin/timeout", aside)
        #expect(blind.status == 8)
        #expect(blind.errors.contains("no terminal to ask you on"), "\(blind.errors)")

        async let answering = onTerminal(
            ["approve", "--socket", socket],
            dialogue: [("Do you agree?", "y"), ("Do you agree?", "n")]
        )
        try await eventually("somebody waits to be asked") {
            try await agent.jeton("token", "--purpose", "a phone").status == 0
        }
        #expect(try await agent.jeton("token", "--purpose", "a box").status == 4)
        let requests = await homeserver.mintRequests(of: user)
        #expect(requests == 1, "\(agent.logText)")
        try await agent.stop()
        let ended = try await answering
        #expect(ended.status == 2)
        for part in ["“a phone”", "“a box”", "the agent has stopped"] { #expect(ended.output.contains(part)) }
    }

    @Test(.withoutSystemd) func `of many questions each is listed, and one that is not shown yet can be answered`()
        async throws
    {
        let prompt = try await PromptUnderTest("ok")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        _ = try await agent.call(GenerateLoginToken())
        try prompt.plan("until:go")
        let clients = try (1...8).map { _ in try LineClient(agent) }
        for (number, client) in clients.enumerated() {
            client.request("1", GenerateLoginToken.name, #"{"purpose":"number \#(number)"}"#)
        }
        try await eventually("all wait") { try await agent.call(ListConsents()).consents.count == 8 }
        async let last = agent.jeton("token", "--purpose", "the last")
        try await eventually("the last one waits") { try await agent.call(ListConsents()).consents.count == 9 }
        try await eventually("one is shown") { prompt.questions == 2 }
        let consents = try await agent.call(ListConsents()).consents
        #expect(Set(consents.map(\.purpose)) == Set((0..<8).map { "number \($0)" } + ["the last"]))
        let consent = try #require(consents.first { $0.purpose == "the last" })
        #expect(try await agent.approve(consent, dialogue: [("Do you agree?", "y")]).status == 0)
        #expect(try await last.status == 0)
        // The first, and the one that is shown.
        #expect(prompt.questions == 2)
        #expect(await homeserver.mintRequests(of: user) == 2)
        for client in clients { client.close() }
        try await eventually("nothing waits") { try await agent.call(ListConsents()).consents.isEmpty }
        try await prompt.isQuiet()
        #expect(prompt.questions == 2)
        try await agent.stop()
    }

    @Test func `whoever listens is told of each question, and what became of it`() async throws {
        let prompt = try await PromptUnderTest("ok")
        let (agent, user, _) = try await Self.agent(prompt)
        let listener = try LineClient(agent)
        let types = #"{"types":["consent.requested","consent.granted","consent.denied"]}"#
        listener.request("1", SubscribeToEvents.name, types)
        #expect(try await onThread { try listener.next()["result"] } == [:])
        _ = try await agent.call(GenerateLoginToken(purpose: "a phone"))
        try prompt.plan("cancel")
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .consentDenied)
        let told = try await onThread { try (1...4).map { _ in try listener.next()["params"] ?? .null } }
        let expected: [JSONValue] = ["consent.requested", "consent.granted", "consent.requested", "consent.denied"]
        #expect(told.map { $0["type"] } == expected)
        #expect(told[0]["account"]?.stringValue == user.id && told[0]["purpose"] == "a phone")
        #expect(told[0]["requester"]?["pid"]?.integerValue == Int(getpid()))
        #expect(told[0]["consent_id"] == told[1]["consent_id"] && told[2]["consent_id"] == told[3]["consent_id"])
        #expect(told[3]["reason"] == "denied")
        try await agent.stop()
    }
}

extension AgentUnderTest {
    /// The one question that waits for the user, once there is one.
    func waiting() async throws -> PendingConsent {
        try await eventually("a question waits") { try await call(ListConsents()).consents.count == 1 }
        guard let consent = try await call(ListConsents()).consents.first else { throw Unexpected("no question waits") }
        return consent
    }

    /// Answers a question from a terminal of its own.
    func approve(_ consent: PendingConsent, dialogue: [(prompt: String, answer: String)]) async throws -> Ended {
        try await onTerminal(["approve", consent.consentId, "--socket", socket], dialogue: dialogue)
    }
}

extension Trait where Self == ConditionTrait {
    /// Where systemd knows who runs the tests, all that they start belongs together; ServiceTests look at that.
    static var withoutSystemd: Self {
        let group = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        let isKnown = ["user@", "session-", ".service"].contains { group.contains($0) }
        return .enabled(if: !isKnown, "SKIPPED: systemd knows this session, and all that it starts is one program")
    }
}
