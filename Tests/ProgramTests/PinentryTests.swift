import Foundation
import JetonAPI
import TestSupport
import Testing

/// The prompt with real pinentries, on the terminal of the command that asks.
@Suite struct PinentryTests {
    private static func mint(
        _ pinentry: String,
        _ setup: Setup,
        dialogue: (TestUser) -> [(prompt: String, answer: String)]
    ) async throws -> (Ended, AgentUnderTest, PromptUnderTest, TestUser) {
        let prompt = try await PromptUnderTest(pinentry: "/usr/bin/\(pinentry)")
        let homeserver = try await DevHomeserverUnderTest(setup)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(arguments: ["--prompt-socket", prompt.socket]).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        let ended = try await onTerminal(
            ["token", "--show", "--agent-prompt", "--purpose", "a phone"],
            dialogue: dialogue(user),
            environment: ["JETON_SOCKET": agent.socket, "TERM": "xterm", "LC_ALL": "C.UTF-8"]
        )
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
    func `in pinentry-curses a stray Enter is a no`(keys: String, status: Int32) async throws {
        let (ended, agent, prompt, _) = try await Self.mint("pinentry-curses", .unasking) { _ in [("Refuse", keys)] }
        #expect(ended.status == status, "\(ended.output)")
        try await prompt.isQuiet()
        try await agent.stop()
    }
}
