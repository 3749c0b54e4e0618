import DevHomeserver
import JetonAPI
import TestSupport
import Testing

/// Answering from elsewhere whether a client on this machine is to be signed in.
@Suite struct HandoverApprovalTests {
    @Test(.withoutSystemd) func `who agrees at another terminal reads who waits where, and that client gets its token`()
        async throws
    {
        let prompt = try await PromptUnderTest("hang")
        let homeserver = try await DevHomeserverUnderTest(.unasking)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(arguments: ["--prompt-socket", prompt.socket]).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        let client = try await WaitingClient()
        async let handed = agent.jeton("handover", HandoverTests.request(homeserver, client).ssoUrl)
        let consent = try await agent.waiting()
        let approved = try await agent.approve(consent, dialogue: [("Do you agree? [y/N]", "y")])
        #expect(approved.status == 0, "\(approved.output)")
        for part in [
            "A program on this machine wants to be signed in as you:", "Account: \(user.id)",
            "Waits at: localhost port \(client.port), process \(client.pid)", "That calls itself: “python3",
        ] {
            #expect(approved.output.contains(part), "\(approved.output)")
        }
        let ended = try await handed
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try client.tokens().count == 1)
        try await prompt.isQuiet()
        try await agent.stop()
    }
}
