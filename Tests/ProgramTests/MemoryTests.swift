import Foundation
import JetonAPI
import TestSupport
import Testing

/// Who can look into the memory of our programs: nobody but root.
@Suite struct MemoryTests {
    /// The same user without any privilege: root has some that would hide what is tested here.
    private static let unprivileged = ["/usr/bin/setpriv", "--bounding-set=-all", "--inh-caps=-all"]

    /// In which ways the memory of a process can be had; without one, of a process that hides nothing.
    private static func waysIn(_ pid: Int32?) async throws -> [Substring] {
        let peek = "\(Programs.repository)/Tests/TestSupport/peek"
        let arguments = unprivileged.dropFirst() + [peek] + (pid.map { ["\($0)"] } ?? [])
        let ended = try await run(unprivileged[0], Array(arguments))
        #expect(ended.status == 0, "\(ended.errors)")
        return ended.output.split(separator: "\n")
    }

    @Test func `other programs of the user can trace what hides nothing`() async throws {
        #expect(try await Self.waysIn(nil) == ["mem", "environ", "maps", "auxv", "ptrace", "pidfd_getfd"])
    }

    @Test func `promise 11: other programs of the user cannot look into the agent`() async throws {
        let agent = try AgentUnderTest()
        agent.runner = Self.unprivileged
        try await agent.start()
        #expect(try await Self.waysIn(agent.pid) == [])
        let protections = try await agent.call(GetAgentStatus()).protections
        #expect(!protections.dumpable && protections.memoryLocked)
        try Self.requireNoCore(agent.pid)
        try await agent.stop()
    }

    @Test func `where nothing can be locked, the agent works and says so`() async throws {
        let agent = try AgentUnderTest()
        agent.runner = Self.unprivileged + ["/usr/bin/prlimit", "--memlock=0"]
        try await agent.start()
        #expect(try await !agent.call(GetAgentStatus()).protections.memoryLocked)
        let doctor = try await agent.jeton("doctor", "--socket", agent.socket)
        #expect(doctor.output.contains("secrets may be swapped out"), "\(doctor.output)")
        try await agent.stop()
    }

    @Test func `promise 11: nor into the command that passwords are typed at`() async throws {
        let folder = try ScratchFolder()
        // For an agent that never comes.
        let command = Self.unprivileged + [Programs.path("jeton"), "wait", "--socket", folder.file("none")]
        let log = try folder.write("", to: "log")
        let jeton = try await RunningProgram(command[0], Array(command.dropFirst()), log: log)
        try await eventually("it is closed") { try await Self.waysIn(jeton.pid).isEmpty }
        #expect(kill(jeton.pid, 0) == 0)
        jeton.send(SIGTERM)
        _ = try await jeton.ended()
    }

    @Test func `promise 11: nor into the prompt, while a password is asked for`() async throws {
        let prompt = try await PromptUnderTest("hang", runner: Self.unprivileged)
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(arguments: ["--prompt-socket", prompt.socket]).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        async let asking = agent.refusal(of: GenerateLoginToken(prompt: .agent))
        try await eventually("the question stands") { prompt.questions == 1 }
        let pid = try #require(prompt.pids.first { Self.name(of: $0) == "jeton-prompt" })
        #expect(try await Self.waysIn(pid) == [])
        try Self.requireNoCore(pid)
        for pid in prompt.pids { kill(pid, SIGKILL) }
        #expect(try await asking.kind == .promptUnavailable)
        try await agent.stop()
    }

    /// Swift's runtime can print what the registers point to.
    @Test func `promise 11: a crash is told without a word of what is in memory`() async throws {
        let agent = try AgentUnderTest(environment: ["SWIFT_BACKTRACE": "enable=yes,color=no,interactive=no"])
        try await agent.start()
        agent.send(SIGSEGV)
        #expect(try await agent.ended() == 128 + SIGSEGV)
        #expect(!agent.logText.contains(/(?i)crash|backtrac|register/), "\(agent.logText)")
    }

    private static func name(of pid: Int32) -> String {
        let text = (try? String(contentsOfFile: "/proc/\(pid)/comm", encoding: .utf8)) ?? ""
        return text.trimmingCharacters(in: .newlines)
    }

    private static func requireNoCore(_ pid: Int32) throws {
        let limits = try String(contentsOfFile: "/proc/\(pid)/limits", encoding: .utf8)
        #expect(limits.contains(/Max core file size +0 +0/))
    }
}
