import Foundation
import JetonAPI
import TestSupport
import Testing

/// What a reload makes of the socket's own settings.
@Suite struct LimitReloadTests {
    @Test func `new limits hold for connections made after the reload, and old connections keep theirs`() async throws {
        let agent = try await AgentUnderTest(configuration: "{socket: {connections_per_process: 2}}").start()
        let (first, second) = (try LineClient(agent), try LineClient(agent))
        for client in [first, second] { try Self.expectPong(client) }
        let refused = try LineClient(agent)
        #expect(try refused.next()["error"]?["data"]?["kind"] == "busy")
        try await Self.reload(agent, "{socket: {connections_per_process: 3, message_bytes: 300}}")
        let third = try LineClient(agent)
        try Self.expectPong(third)
        let fourth = try LineClient(agent)
        #expect(try fourth.next()["error"]?["message"]?.stringValue?.contains("3 connections") == true)
        // Longer than new connections may send, and not longer than was agreed with the old ones.
        let long = #"{"padding":"\#(String(repeating: "x", count: 400))"}"#
        first.request("7", "agent.ping", long)
        #expect(try first.next()["error"]?["data"]?["kind"] == "invalid_params")
        third.request("7", "agent.ping", long)
        #expect(try third.next()["error"]?["message"]?.stringValue?.contains("at most 300 bytes") == true)
        // Fewer are allowed than there are: nobody is sent away, and nobody comes in.
        try await Self.reload(agent, "{socket: {connections_per_process: 1}}")
        try Self.expectPong(first)
        let fifth = try LineClient(agent)
        #expect(try fifth.next()["error"]?["data"]?["kind"] == "busy")
        for client in [first, second, third] { client.close() }
        try await eventually("there is room for one") { (try? Self.expectPong(try LineClient(agent))) != nil }
        try await agent.stop()
    }

    @Test func `limits that make no sense are refused, and the old ones stay`() async throws {
        let agent = try await AgentUnderTest(configuration: "{socket: {connections_per_process: 1}}").start()
        let only = try LineClient(agent)
        try Self.expectPong(only)
        try agent.folder.write("{socket: {connections_per_process: 0}}", to: "config/config.json5")
        agent.send(SIGHUP)
        try await eventually("it is refused") { agent.logText.contains("the old configuration stays") }
        #expect(agent.logText.contains("socket.connections_per_process must be at least 1"))
        #expect(try LineClient(agent).next()["error"]?["message"]?.stringValue?.contains("1 connections") == true)
        try await agent.stop()
    }

    @Test func `settings that others may write are refused at a start, and at a reload`() async throws {
        let agent = try await AgentUnderTest(configuration: "{socket: {connections_per_process: 1}}").start()
        let only = try LineClient(agent)
        try Self.expectPong(only)
        let file = try agent.folder.write(
            "{consent: 'none', socket: {connections_per_process: 9}}",
            to: "config/config.json5",
            mode: 0o666
        )
        agent.send(SIGHUP)
        try await eventually("it is refused") { agent.logText.contains("the old configuration stays") }
        #expect(agent.logText.contains("others may write to it (mode 666); run `chmod go-w \(file)`"))
        #expect(try LineClient(agent).next()["error"]?["message"]?.stringValue?.contains("1 connections") == true)
        try await agent.stop()
        let ended = try await agent.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("chmod go-w \(file)"), "\(ended.errors)")
    }

    @Test func `what only a start can change is said at the reload`() async throws {
        let agent = try await AgentUnderTest(configuration: "{}").start()
        let path = agent.folder.file("run/restricted.sock")
        try await Self.reload(agent, "{restricted_socket: '\(path)'}")
        #expect(agent.logText.contains("restricted_socket has changed; that holds from the agent's next start on"))
        #expect(!FileManager.default.fileExists(atPath: path))
        try await agent.stop()
        try await agent.start()
        #expect(FileManager.default.fileExists(atPath: path))
        try await agent.stop()
    }

    private static func expectPong(_ client: LineClient) throws {
        client.request("1", "agent.ping")
        let answer = try client.next()
        guard answer["result"] != nil else { throw Unexpected("\(answer)") }
    }

    private static func reload(_ agent: AgentUnderTest, _ configuration: String) async throws {
        let before = count(agent)
        try agent.folder.write(configuration, to: "config/config.json5")
        agent.send(SIGHUP)
        try await eventually("it is read anew") { count(agent) > before }
    }

    private static func count(_ agent: AgentUnderTest) -> Int {
        agent.logText.components(separatedBy: "the configuration was read anew").count
    }
}
