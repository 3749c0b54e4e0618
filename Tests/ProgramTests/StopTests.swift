import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// What a stop means for those who wait.
@Suite struct StopTests {
    private static func stopped(_ clients: [LineClient], _ agent: AgentUnderTest) async throws {
        agent.send(SIGTERM)
        for client in clients {
            let answer = try await onThread { try client.next() }
            #expect(answer["error"]?["data"]?["kind"] == "cancelled", "\(answer)")
            #expect(answer["error"]?["message"]?.stringValue?.contains("The agent stops") == true, "\(answer)")
        }
        #expect(try await agent.ended() == 0)
    }

    @Test func `whoever waits for the user is told, and the question vanishes`() async throws {
        let prompt = try await PromptUnderTest("ok hang")
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let limits = "{limits: {login_token: {count: 99, per_ms: 60000}}}"
        let agent = try await AgentUnderTest(configuration: limits, arguments: ["--prompt-socket", prompt.socket])
            .start()
        try await agent.logIn(user, at: homeserver.address)
        _ = try await agent.call(GenerateLoginToken())
        // One is shown, the other waits for its turn.
        let clients = try (1...2).map { _ in try LineClient(agent) }
        for client in clients { client.request("1", GenerateLoginToken.name) }
        try await eventually("both wait") { try await agent.call(ListConsents()).consents.count == 2 }
        try await eventually("one is shown") { prompt.questions == 2 }
        try await Self.stopped(clients, agent)
        try await prompt.isQuiet()
        #expect(prompt.questions == 2)
        #expect(await homeserver.mintRequests(of: user) == 1)
    }

    @Test func `whoever waits to sign a device out is told, and it stays signed in`() async throws {
        let prompt = try await PromptUnderTest("hang")
        let homeserver = try await DevHomeserverUnderTest(.asking)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(configuration: "{}", arguments: ["--prompt-socket", prompt.socket]).start()
        try await agent.logIn(user, at: homeserver.address)
        let other = OtherClient(homeserver.address)
        let session = try await other.logIn(user).body
        let device: String = try #require(session["device_id"])
        let client = try LineClient(agent)
        client.request("1", SignOutDevice.name, #"{"device_id":"\#(device)","prompt":"agent"}"#)
        try await eventually("it is asked for") { prompt.questions == 1 }
        try await Self.stopped([client], agent)
        try await prompt.isQuiet()
        let accessToken: String = try #require(session["access_token"])
        #expect(try await other.whoAmI(accessToken).status == 200)
    }

    @Test func `whoever waits for a limit is told`() async throws {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let limit = "limits: {login_token: {count: 1, per_ms: 3600000}}"
        let agent = try await AgentUnderTest(configuration: "{consent: 'none', \(limit)}").start()
        try await agent.logIn(try await homeserver.newUser(), at: homeserver.address)
        _ = try await agent.call(GenerateLoginToken())
        let clients = try (1...2).map { _ in try LineClient(agent) }
        for client in clients {
            client.request("1", GenerateLoginToken.name, #"{"wait_ms":7200000}"#)
            // Requests are begun in the order in which they come.
            client.request("2", ListLoginTokens.name)
            #expect(try await onThread { try client.next()["id"] } == 2)
        }
        try await Self.stopped(clients, agent)
    }
}
