import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// The user's own lock, by the commands that people type.
@Suite struct LockTests {
    private static func agent(
        _ prompt: PromptUnderTest,
        _ setup: Setup = .asking,
        _ settings: String = ""
    ) async throws -> (AgentUnderTest, TestUser, DevHomeserverUnderTest) {
        let homeserver = try await DevHomeserverUnderTest(setup) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let limits = "limits: {login_token: {count: 99, per_ms: 60000}}"
        let arguments = ["--prompt-socket", prompt.socket]
        let agent = try await AgentUnderTest(configuration: "{\(limits)\(settings)}", arguments: arguments).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        return (agent, user, homeserver)
    }

    @Test func `while it is locked nothing is asked of anybody, also after kill -9, until the user agrees`()
        async throws
    {
        let prompt = try await PromptUnderTest("cancel ok")
        let (agent, user, homeserver) = try await Self.agent(prompt)
        let challenge = try await agent.challenge()
        let consent = try await agent.waiting()
        let before = await homeserver.server.seenRequests.count
        #expect(try await agent.jeton("lock").output == "Locked.\n")
        let approval = ApproveConsent(consentId: consent.consentId, auth: user.auth(consent.consentId))
        #expect(try await agent.refusal(of: approval).kind == .locked)
        for _ in 1...2 {
            let refused = try await agent.jeton("token", "--password-stdin", input: user.password + "\n")
            #expect(refused.status == 3)
            #expect(refused.errors.contains("run `jeton unlock`"), "\(refused.errors)")
            // Not even a challenge that was given before goes on.
            #expect(try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge))).kind != .authRequired)
            #expect(try await agent.refusal(of: GenerateLoginToken(prompt: .agent)).kind == .locked)
            #expect(try await agent.jeton("status").output.contains("Locked by:   user; run `jeton unlock`"))
            try await agent.killNine()
            try await agent.start()
        }
        #expect(prompt.questions == 0)
        let minting = await homeserver.server.seenRequests.dropFirst(before).count { $0.path.hasSuffix("/get_token") }
        #expect(minting == 0)

        let denied = try await agent.jeton("unlock")
        #expect(denied.status == 4)
        #expect(denied.errors.contains("The agent stays locked"), "\(denied.errors)")
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [.user])
        let unlocked = try await agent.jeton("unlock")
        #expect(unlocked.output == "Unlocked.\n", "\(unlocked.errors)")
        #expect(prompt.description.contains("unlock the agent"))
        #expect(prompt.description.contains("It calls itself: “jeton”"))
        _ = try await agent.mint(for: user)
        try await agent.killNine()
        try await agent.start()
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [])
        try await agent.stop()
    }

    @Test func `locking withdraws the questions that stand or wait, and whoever waits is told why`() async throws {
        let prompt = try await PromptUnderTest("ok hang")
        let (agent, user, homeserver) = try await Self.agent(prompt, .unasking)
        _ = try await agent.call(GenerateLoginToken())
        let listener = try LineClient(agent)
        listener.request("1", SubscribeToEvents.name, #"{"types":["agent.locked","agent.unlocked"]}"#)
        _ = try await onThread { try listener.next() }
        let clients = try (1...3).map { _ in try LineClient(agent) }
        for client in clients { client.request("1", GenerateLoginToken.name) }
        try await eventually("all wait") { try await agent.call(ListConsents()).consents.count == 3 }
        try await eventually("one is shown") { prompt.questions == 2 }
        _ = try await agent.call(LockAgent())
        for client in clients {
            let answer = try await onThread { try client.next() }
            #expect(answer["error"]?["data"]?["kind"] == "locked", "\(answer)")
        }
        try await prompt.isQuiet()
        #expect(prompt.questions == 2)
        #expect(await homeserver.mintRequests(of: user) == 1)
        #expect(try await onThread { try listener.next()["params"]?["locked_by"] } == ["user"])
        try prompt.plan("ok")
        _ = try await agent.call(UnlockAgent())
        #expect(try await onThread { try listener.next()["params"]?["type"] } == "agent.unlocked")
        try await agent.stop()
    }

    @Test(.withoutSystemd) func `without a prompt it is unlocked from another terminal, and not by oneself`()
        async throws
    {
        let agent = try await AgentUnderTest(arguments: ["--prompt-socket", "/nowhere"]).start()
        _ = try await agent.call(LockAgent())
        let refused = try await agent.jeton("unlock")
        #expect(refused.status == 8)
        #expect(refused.errors.contains("run `jeton approve` in another terminal"), "\(refused.errors)")
        let listener = try LineClient(agent)
        listener.request("1", SubscribeToEvents.name, #"{"types":["consent.requested"]}"#)
        _ = try await onThread { try listener.next() }
        async let unlocked = agent.jeton("unlock")
        let consent = try await agent.waiting()
        #expect(consent.wants == .unlock && consent.account == nil)
        #expect(try await agent.refusal(of: ApproveConsent(consentId: consent.consentId)).kind == .forbidden)
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [.user])
        let approved = try await agent.approve(consent, dialogue: [("Do you agree?", "y")])
        #expect(approved.status == 0, "\(approved.output)")
        #expect(approved.output.contains("asks to unlock the agent"))
        #expect(try await unlocked.output == "Unlocked.\n")
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [])
        try await agent.stop()
    }
}
