import Foundation
import JetonAPI
import TestSupport
import Testing

/// Kill -9 at every step of a renewal at a real homeserver, from the request to the answer to the first use of what it
/// brought. The steps are the agent's system calls; which ones there are is found out by going on until none is left.
@Suite(.needsSynapse, .timeLimit(.minutes(10)))
struct KillTests {
    /// Far beyond what a renewal takes, so that a renewal without end is noticed.
    private static let mostSteps = 100

    @Test(.enabled(if: getuid() == 0, "SKIPPED: only root can trace a program that hides its memory"))
    func `promise 5: kill -9 at any step of a renewal loses nothing`() async throws {
        let homeserver = try await SynapseUnderTest.running(.brief)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let device = try await agent.logIn(user, at: homeserver.address).deviceId
        try await agent.stop()

        var steps: [String] = []
        var killed = 0
        while true {
            let isOver = try await renew(agent, killedAt: killed + 1)
            steps = try self.steps(of: agent)
            if isOver { break }
            killed += 1
            #expect(steps.count == killed, "it died where it was to: \(steps)")
            agent.runner = []
            try await agent.start()
            try await agent.expectSession(on: device)
            // While it runs it may be writing the next one.
            try await agent.stop()
            let files = try FileManager.default.contentsOfDirectory(atPath: agent.state)
            #expect(files.allSatisfy { !$0.hasSuffix(".new") }, "what was half written is swept up")
            try #require(killed < Self.mostSteps)
        }
        let name = ".\(user.id).account.json.new"
        let order = [
            "send socket", "receive socket", "open \(name)", "write \(name)", "fsync \(name)", "rename \(name)",
            "fsync state", "send socket", "receive socket",
        ]
        var rest = steps[...]
        for step in order {
            let index = try #require(rest.firstIndex(of: step), "\(step) is missing, or too early: \(steps)")
            rest = rest[(index + 1)...]
        }
        print("Kill -9 at each of \(killed) steps of a renewal.")
    }

    /// Renews and uses what came of it, under a tracer.
    /// - Returns: whether all steps were taken; false: the agent was killed in front of one.
    private func renew(_ agent: AgentUnderTest, killedAt step: Int) async throws -> Bool {
        agent.runner = [
            "\(Programs.repository)/Tests/TestSupport/step-by-step", "--kill", "\(step)", "POST \(Paths.refresh)",
            "GET \(Paths.capabilities)", agent.folder.file("steps"),
        ]
        do {
            // A session whose tokens have expired is renewed as soon as the agent runs: it may die that early.
            try await agent.start()
            _ = try await agent.call(RefreshAccount())
            _ = try await agent.call(GetLoginTokenSupport())
        } catch {
            let status = try await agent.ended()
            guard status == 137 else { throw Unexpected("\(error), and the agent ended with \(status)") }
            return false
        }
        try await agent.stop()
        return true
    }

    private func steps(of agent: AgentUnderTest) throws -> [String] {
        try String(contentsOfFile: agent.folder.file("steps"), encoding: .utf8).split(separator: "\n").map(String.init)
    }
}
