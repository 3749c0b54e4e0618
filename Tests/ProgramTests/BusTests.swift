import Foundation
import JetonAPI
import TestSupport
import Testing

/// System buses that are not there, or not as they should be. Where they are, logind is too: see `ScreenLockTests`.
@Suite struct BusTests {
    private let folder: ScratchFolder
    private var path: String { folder.file("bus") }
    private static let without = "ignoring the screen's lock, and sleep"

    init() throws { folder = try ScratchFolder() }

    private func agent() throws -> AgentUnderTest {
        try AgentUnderTest(environment: ["DBUS_SYSTEM_BUS_ADDRESS": "unix:path=\(path)"])
    }

    /// How often an agent said that it does without, or for this reason.
    private func count(_ agent: AgentUnderTest, _ reason: String = "reason") -> Int {
        agent.logText.split(separator: "\n").count { $0.contains(Self.without) && $0.contains(reason) }
    }

    /// The same, for any reason but that a busy machine has not answered within the second that is waited for at first.
    private func countInTime(_ agent: AgentUnderTest) -> Int { count(agent) - count(agent, "no answer within 1 s") }

    /// Somebody at the bus's place.
    private func listen(_ address: String, options: [String] = []) async throws -> RunningProgram {
        let log = try folder.write("", to: "log")
        let program = try await RunningProgram(
            "/usr/bin/socat",
            options + ["UNIX-LISTEN:\(path),fork", address],
            log: log
        )
        try await eventually("it listens") { isListening(at: path) }
        return program
    }

    /// A real bus, without logind.
    private func bus() async throws -> RunningProgram {
        let settings = """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>system</type><listen>unix:path=\(path)</listen>
            <policy context="default"><allow user="*"/><allow send_type="method_call"/><allow send_type="signal"/>
            <allow send_requested_reply="true"/><allow receive_type="method_call"/><allow receive_type="signal"/>
            <allow receive_requested_reply="true"/></policy></busconfig>
            """
        let file = try folder.write(settings, to: "settings")
        let log = try folder.write("", to: "log")
        let daemon = try await RunningProgram(
            "/usr/bin/dbus-daemon",
            ["--config-file=\(file)", "--nofork", "--nopidfile"],
            log: log
        )
        try await eventually("it listens") { isListening(at: path) }
        return daemon
    }

    private func end(_ program: RunningProgram) async throws {
        program.send(SIGKILL)
        _ = try await program.ended()
        try? FileManager.default.removeItem(atPath: path)
    }

    @Test func `without a bus the agent says so once and works, and a reload finds one that has come`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await agent().start()
        try await agent.logIn(user, at: homeserver.address)
        _ = try await agent.mint(for: user)
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [])
        #expect(count(agent, "\(path): No such file or directory") == 1)
        #expect(count(agent) == 1)
        let bus = try await bus()
        agent.send(SIGHUP)
        try await eventually("it has found the bus") { count(agent, "logind does not run") == 1 }
        // Once is enough.
        agent.send(SIGHUP)
        try await eventually("it has read its settings anew") {
            agent.logText.components(separatedBy: "was read anew").count == 3
        }
        #expect(countInTime(agent) == 2)
        try await agent.stop()
        try await end(bus)
    }

    @Test func `a bus that says nothing delays no start, and a login token by a second at most`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await agent().start()
        try await agent.logIn(user, at: homeserver.address)
        try await agent.stop()
        let silence = try await listen("OPEN:/dev/null", options: ["-u"])
        try await agent.start()
        // Only what concerns the screen waits.
        _ = try await agent.call(ListAccounts())
        let call = ["60", Programs.path("jeton"), "rpc", "login_token.generate", "--socket", agent.socket]
        let asked = try await run("/usr/bin/timeout", call)
        #expect(asked.status == 8, "\(asked.errors)")
        #expect(count(agent, "no answer within 1 s") == 1)
        let log = agent.logText
        let serving = try #require(log.range(of: "serving", options: .backwards))
        let without = try #require(log.range(of: Self.without, options: .backwards))
        #expect(serving.upperBound < without.lowerBound)
        try await agent.stop()
        try await end(silence)
    }

    @Test(arguments: ["OPEN:/dev/urandom", "SYSTEM:yes", "PIPE", "SYSTEM:true"])
    func `whatever is said at the bus's place, the agent does without`(somebody: String) async throws {
        let other = try await listen(somebody)
        let agent = try await agent().start()
        try await eventually("it has heard enough") { count(agent) > 0 }
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [])
        try await agent.stop()
        try await end(other)
    }

    @Test(.enabled(if: geteuid() == 0, "only root sees what the agent has open"))
    func `a bus that hangs up again and again leaves nothing open`() async throws {
        let other = try await listen("SYSTEM:true")
        let agent = try await agent().start()
        try await eventually("it has tried") { count(agent) > 0 }
        let descriptors = "/proc/\(agent.pid)/fd"
        let before = try FileManager.default.contentsOfDirectory(atPath: descriptors).count
        for _ in 1...20 {
            let tried = count(agent)
            agent.send(SIGHUP)
            try await eventually("it has tried again") { count(agent) > tried }
        }
        // A thread for what blocks may have begun meanwhile.
        #expect(try FileManager.default.contentsOfDirectory(atPath: descriptors).count < before + 10)
        try await agent.stop()
        try await end(other)
    }

    @Test func `a bus that goes is looked for again, and not for ever in vain`() async throws {
        var bus = try await bus()
        let agent = try await agent().start()
        try await eventually("there is no logind") { count(agent, "logind does not run") == 1 }
        try await end(bus)
        bus = try await self.bus()
        try await eventually("it is found again") { count(agent, "logind does not run") == 2 }
        #expect(countInTime(agent) == 2)
        try await end(bus)
        try await eventually("it is given up", within: .seconds(60)) { countInTime(agent) == 3 }
        bus = try await self.bus()
        try await eventually("it is found again", within: .seconds(60)) { count(agent, "logind does not run") == 3 }
        try await agent.stop()
        try await end(bus)
    }

    @Test func `a bus that comes back and says nothing is not waited for without end`() async throws {
        let bus = try await bus()
        let agent = try await agent().start()
        try await eventually("there is no logind") { count(agent, "logind does not run") == 1 }
        try await end(bus)
        let silence = try await listen("OPEN:/dev/null", options: ["-u"])
        try await eventually("it is given up", within: .seconds(60)) { count(agent, "no answer within 8 s") == 1 }
        #expect(countInTime(agent) == 2)
        try await agent.stop()
        try await end(silence)
    }
}
