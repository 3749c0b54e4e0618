import DevHomeserver
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// Minting over the restricted socket: by the agent's own prompt, which says what cannot be known.
@Suite struct RestrictedPromptTests {
    private static func error(_ path: String, _ request: GenerateLoginToken = .init()) async throws -> AgentError {
        try await onThread {
            do {
                _ = try RPCClient(path: path).call(request)
            } catch RPCClient.Problem.refused(let error) {
                return error
            }
            throw Unexpected("a login token where an error was due")
        }
    }

    @Test
    func `promise 7: the prompt decides, says that the requester cannot be known, and after a no there is silence`()
        async throws
    {
        let (folder, prompt) = (try ScratchFolder(), try await PromptUnderTest("ok cancel"))
        let path = folder.file("r.sock")
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let limits = "limits: {login_token: {count: 99, per_ms: 60000}}"
        let agent = try await AgentUnderTest(
            // Whatever the policy, over this socket somebody is asked.
            configuration: "{restricted_socket: '\(path)', consent: 'none', \(limits)}",
            arguments: ["--prompt-socket", prompt.socket]
        ).start()
        try await agent.logIn(user, at: homeserver.address)
        let token = try await onThread { try RPCClient(path: path).call(GenerateLoginToken(purpose: "a box")) }
        #expect(try await OtherClient(homeserver.address).logIn(token: token.loginToken.reveal()).status == 200)
        #expect(prompt.description.contains("Who asks cannot be known"))
        #expect(!prompt.description.contains("Process"))

        #expect(try await Self.error(path).kind == .consentDenied)
        let silent = try await Self.error(path)
        #expect(silent.kind == .rateLimited)
        #expect(silent.data["limit"] == "restricted_socket")
        #expect((30_000...60_000).contains(silent.data["retry_after_ms"]?.integerValue ?? 0))
        #expect(prompt.questions == 2)
        // The owner's own socket is not silenced.
        _ = try await agent.call(GenerateLoginToken())
        // Ending the agent is no way around it.
        try await agent.killNine()
        try await agent.start()
        #expect(try await Self.error(path).data["limit"] == "restricted_socket")
        #expect(prompt.questions == 2)
        try await agent.stop()
    }

    @Test func `going away before the user has answered counts as a no, for those who wait as well`() async throws {
        let (folder, prompt) = (try ScratchFolder(), try await PromptUnderTest("hang"))
        let path = folder.file("r.sock")
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(
            configuration: "{restricted_socket: '\(path)', limits: {login_token: {count: 99, per_ms: 60000}}}",
            arguments: ["--prompt-socket", prompt.socket]
        ).start()
        try await agent.logIn(user, at: homeserver.address)
        // Once a question from there stands, no other is let in: so the owner's stands until both wait behind it.
        let owner = try LineClient(agent)
        owner.request("1", GenerateLoginToken.name)
        try await eventually("the owner is asked") { prompt.questions == 1 }
        let clients = try ["one", "two"].map { purpose in
            let client = try LineClient(path)
            client.request("1", GenerateLoginToken.name, #"{"purpose":"\#(purpose)"}"#)
            return client
        }
        try await eventually("both wait") { try await agent.call(ListConsents()).consents.count == 3 }
        owner.close()
        try await eventually("one of them is asked for") { prompt.questions == 2 }
        let (shown, other) = prompt.description.contains("“one”") ? (clients[0], clients[1]) : (clients[1], clients[0])
        shown.close()
        let refused = try await onThread { try other.next() }
        #expect(refused["error"]?["data"]?["limit"] == "restricted_socket", "\(refused)")
        #expect(try await Self.error(path).data["limit"] == "restricted_socket")
        #expect(prompt.questions == 2)
        try await prompt.isQuiet()
        try await agent.stop()
    }

    @Test func `two at a time may have the user asked there`() async throws {
        let (folder, prompt) = (try ScratchFolder(), try await PromptUnderTest("hang"))
        let path = folder.file("r.sock")
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(
            configuration: "{restricted_socket: '\(path)', limits: {login_token: {count: 99, per_ms: 60000}}}",
            arguments: ["--prompt-socket", prompt.socket]
        ).start()
        try await agent.logIn(user, at: homeserver.address)
        let clients = try (1...3).map { _ in try LineClient(path) }
        for client in clients { client.request("1", GenerateLoginToken.name) }
        try await eventually("the third is told") {
            try await onThread {
                try clients.contains { client in
                    client.request("2", Ping.name)
                    return try client.next()["error"]?["data"]?["kind"] == "busy"
                }
            }
        }
        for client in clients { client.close() }
        try await prompt.isQuiet()
        try await agent.stop()
    }
}
