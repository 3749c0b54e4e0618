import Foundation
import JetonAPI
import TestSupport
import Testing

/// The prompt with real pinentries, on the terminal of the command that asks.
@Suite struct PinentryTests {
    private static func mint(
        _ pinentry: String,
        _ setup: Setup,
        locale: String = "C.UTF-8",
        terminal: String = "xterm",
        size: String = "24x80",
        settings: String = "{}",
        meanwhile: @escaping @Sendable (PromptUnderTest) async throws -> Void = { _ in },
        dialogue: (TestUser) -> [(prompt: String, answer: String)]
    ) async throws -> (Ended, AgentUnderTest, PromptUnderTest, TestUser) {
        let prompt = try await PromptUnderTest(pinentry: "/usr/bin/\(pinentry)")
        let homeserver = try await DevHomeserverUnderTest(setup)
        let user = try await homeserver.newUser()
        let arguments = ["--prompt-socket", prompt.socket]
        let agent = try await AgentUnderTest(configuration: settings, arguments: arguments).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        async let happening: Void = meanwhile(prompt)
        let ended = try await onTerminal(
            ["token", "--show", "--agent-prompt", "--purpose", "a phone"],
            dialogue: dialogue(user),
            environment: ["JETON_SOCKET": agent.socket, "TERM": terminal, "LC_ALL": locale],
            size: size
        )
        try await happening
        return (ended, agent, prompt, user)
    }

    @Test func `pinentry-tty takes the password`() async throws {
        let (ended, agent, prompt, user) = try await Self.mint("pinentry-tty", .asking) {
            [("Password:", $0.password)]
        }
        #expect(ended.status == 0, "\(ended.output)")
        #expect(ended.output.contains("Account: \(user.id)"))
        #expect(ended.output.contains("“a phone”"))
        #expect(!ended.output.contains(user.password))
        #expect(try await agent.call(ListLoginTokens()).tokens.count == 1)
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test(arguments: [("a", Int32(0)), ("c", 4)])
    func `pinentry-tty takes a yes and a no`(key: String, status: Int32) async throws {
        let (ended, agent, prompt, _) = try await Self.mint("pinentry-tty", .unasking) { _ in [("[ac]?", key)] }
        #expect(ended.status == status, "\(ended.output)")
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test func `pinentry-curses takes the password`() async throws {
        let (ended, agent, prompt, user) = try await Self.mint("pinentry-curses", .asking) {
            [("Password:", $0.password + "\r")]
        }
        #expect(ended.status == 0, "\(ended.output)")
        #expect(!ended.output.contains(user.password))
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test(arguments: [("\t\r", Int32(0)), ("\r", 4), ("\t\t\r", 4)])
    func `promise 8: in pinentry-curses a stray Enter is a no`(keys: String, status: Int32) async throws {
        let (ended, agent, prompt, _) = try await Self.mint("pinentry-curses", .unasking) { _ in [("Refuse", keys)] }
        #expect(ended.status == status, "\(ended.output)")
        try await prompt.isQuiet()
        try await agent.stop()
    }

    /// What came of it: nothing but one token that nobody has got, and no process.
    private static func requireNothing(
        _ status: Int32,
        _ kind: String,
        _ result: (ended: Ended, agent: AgentUnderTest, prompt: PromptUnderTest, user: TestUser)
    ) async throws {
        #expect(result.ended.status == status, "\(result.ended.output)")
        try await eventually("it is told") { result.agent.logText.contains(kind) }
        #expect(try await result.agent.companion?.mintRequests(of: result.user) == 1)
        #expect(!result.agent.logText.contains("login_token.issued"))
        try await result.prompt.isQuiet()
        try await result.agent.stop()
    }

    @Test(arguments: ["pinentry-tty", "pinentry-curses"])
    func `a terminal that goes away takes the question with it`(pinentry: String) async throws {
        let result = try await Self.mint(pinentry, .unasking) { _ in [("own words", "{hangup}")] }
        let (_, agent, prompt, user) = result
        try await prompt.isQuiet()
        #expect(try await agent.companion?.mintRequests(of: user) == 1)
        #expect(!agent.logText.contains("login_token.issued"))
        try await agent.stop()
    }

    @Test(arguments: ["pinentry-tty", "pinentry-curses"])
    func `nobody's answer in time is told apart from a no`(pinentry: String) async throws {
        let result = try await Self.mint(pinentry, .unasking, settings: "{prompt_timeout_ms: 1000}") { _ in [] }
        try await Self.requireNothing(124, "consent_timeout", result)
    }

    @Test func `a terminal that is too small, or of a kind that nobody knows, is not taken for a no`() async throws {
        let small = try await Self.mint("pinentry-curses", .unasking, size: "5x80") { _ in [] }
        #expect(small.0.output.contains("too small for the question"), "\(small.0.output)")
        try await Self.requireNothing(8, "prompt_unavailable", small)
        let unknown = try await Self.mint("pinentry-curses", .unasking, terminal: "nobodys-terminal") { _ in [] }
        #expect(unknown.0.output.contains("its kind (TERM)"), "\(unknown.0.output)")
        try await Self.requireNothing(8, "prompt_unavailable", unknown)
    }

    @Test(arguments: ["C", "de_XX.ISO-8859-15", "UTF-8"])
    func `a terminal without our letters is asked in its own`(locale: String) async throws {
        let (ended, agent, prompt, _) = try await Self.mint("pinentry-curses", .unasking, locale: locale) { _ in
            [("Refuse", "\t\r")]
        }
        #expect(ended.status == 0, "\(ended.output)")
        #expect(ended.output.contains("\"a phone\""), "\(ended.output)")
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test(arguments: ["pinentry-tty", "pinentry-curses"])
    func `a pinentry that dies is no answer, and one that no longer runs is ended in time`(
        pinentry: String
    ) async throws {
        let killed = try await Self.mint(pinentry, .unasking, meanwhile: { try await $0.signal(SIGKILL) }) { _ in [] }
        #expect(killed.0.output.contains("has ended without an answer"), "\(killed.0.output)")
        try await Self.requireNothing(8, "prompt_unavailable", killed)
        let settings = "{prompt_timeout_ms: 3000}"
        let stop: @Sendable (PromptUnderTest) async throws -> Void = { try await $0.signal(SIGSTOP) }
        let stopped = try await Self.mint(pinentry, .unasking, settings: settings, meanwhile: stop) { _ in [] }
        #expect([8, 124].contains(stopped.0.status), "\(stopped.0.output)")
        try await stopped.2.isQuiet()
        #expect(!stopped.1.logText.contains("login_token.issued"))
        try await stopped.1.stop()
    }

    @Test(arguments: ["pinentry-tty", "pinentry-curses"])
    func `a wrong password is asked for again, with how many tries are left, and nothing typed is a no`(
        pinentry: String
    ) async throws {
        let (ended, agent, prompt, user) = try await Self.mint(pinentry, .asking) {
            [("Password:", "canary-wrong\r"), ("Password:", $0.password + "\r")]
        }
        #expect(ended.status == 0, "\(ended.output)")
        #expect(ended.output.contains("That password was wrong; 4 tries are left."), "\(ended.output)")
        #expect(Canary.secrets(in: ended.output).allSatisfy { $0.hasPrefix("syl_") })
        #expect(try await agent.companion?.mintRequests(of: user) == 3)
        try await prompt.isQuiet()
        try await agent.stop()
        let nothing = try await Self.mint(pinentry, .asking) { _ in [("Password:", "\r")] }
        try await Self.requireNothing(4, "consent_denied", nothing)
    }
}
