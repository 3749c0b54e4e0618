import Foundation
import JetonAPI
import TestSupport
import Testing

/// `jeton doctor` beside a real systemd.
@Suite(.needsUserManager) struct DoctorUnderSystemdTests {
    @Test func `installed and signed in, everything is ok`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        _ = try await agent.signIn(at: homeserver)
        let findings = try await findings(agent, status: 0)
        for check in [
            "socket_unit", "service_unit", "prompt_unit", "pinentry", "desktop_unit", "restricted_socket",
            "lingering", "runtime_folder", "socket",
            "configuration",
            "state_folder", "agent", "version", "memory", "sandbox", "account", "clock", "journal",
        ] { #expect(findings[check]?.state == "ok", "\(check): \(findings[check]?.detail ?? "missing")") }
        #expect(!findings.values.contains { $0.state == "problem" })
        // As said, so it is: nothing of it is a setting that was void.
        let status = try await agent.call(GetAgentStatus())
        #expect(status.protections.isSandboxedInFull)
        #expect(!status.protections.dumpable)
    }

    @Test func `a mistake that has stopped the agent is told by unit, configuration and agent alike`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.write("{\n  consent: 7,\n}", to: agent.configuration)
        #expect(try await agent.jeton("rpc", "agent.ping").status == 2)
        try await eventually("systemd has seen the end") { try await agent.property("ActiveState") == "failed" }
        let findings = try await findings(agent, status: 1)
        #expect(findings["service_unit"]?.state == "problem")
        #expect(findings["service_unit"]?.detail.contains("status 78") == true)
        #expect(findings["service_unit"]?.cure?.contains("journalctl --user --unit=jetond.service") == true)
        #expect(findings["configuration"]?.detail.contains("config.json5, line 2") == true)
        #expect(findings["agent"]?.state == "problem")
        #expect(findings["socket_unit"]?.state == "ok")
    }

    @Test func `an agent that ends again and again is told, though systemd goes on trying`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.dropIn("ends", "[Service]\nExecStart=\nExecStart=/bin/false\nRestartSec=60\nRestartSteps=0\n")
        try await agent.user.systemctl("start", "--no-block", "jetond.service")
        try await eventually("systemd waits") { try await agent.property("SubState").hasPrefix("auto-restart") }
        let finding = try #require(try await findings(agent, status: 1)["service_unit"])
        #expect(finding.state == "problem")
        #expect(finding.detail.contains("ends again and again (exit-code, status "), "\(finding.detail)")
        #expect(finding.cure?.contains("journalctl --user --unit=jetond.service") == true)
    }

    @Test func `a program that is gone or cannot be run is named, and the cure brings it back`() async throws {
        let agent = try await InstalledAgent.ready()
        let program = "\(agent.user.home)/.local/bin/jetond"
        // The program itself is not the user's: all tests share it. By the second time systemd tries it again and again.
        for (mishap, flaw) in [(": >p && mv -f p", "cannot be run"), ("rm -f", "is not there")] {
            try await agent.user.say("sh", "-c", "cd && \(mishap) \(program)")
            let finding = try #require(try await findings(agent, status: 1)["service_unit"])
            #expect(finding.detail == "jetond.service starts \(program), which \(flaw)")
            #expect(finding.cure == "Install it again: systemd/install, or the package jeton.")
            try await eventually("systemd waits") { try await agent.property("SubState").hasPrefix("auto-restart") }
        }
        try await agent.install()
        #expect(try await findings(agent, status: 0)["service_unit"]?.state == "ok")
    }

    @Test func `settings that are a link out of the sandbox stop the agent, and the cure brings them in`()
        async throws
    {
        let agent = try await InstalledAgent.ready()
        let kept = "\(agent.user.home)/dotfiles.json5"
        try await agent.user.write("{ consent: 'prompt' }", to: kept)
        try await agent.user.say("ln", "-sf", kept, agent.configuration)
        #expect(try await agent.jeton("rpc", "agent.ping").status == 2)
        let finding = try #require(try await findings(agent, status: 1)["configuration"])
        #expect(finding.detail.contains("\(agent.configuration) is a link to \(kept), which the service cannot see"))
        let cure = try #require(finding.cure)
        try await agent.user.say("sh", "-c", String(cure.dropFirst(5)))
        #expect(try await agent.jeton("rpc", "agent.ping").status == 0)
        #expect(try await findings(agent, status: 0)["configuration"]?.state == "ok")
    }

    @Test func `a socket that is off or not enabled is told, and the cure switches it on`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.systemctl("disable", "--now", "jetond.socket")
        let off = try await findings(agent, status: 1)
        #expect(off["socket_unit"]?.detail.contains("inactive") == true)
        let cure = "Run: systemctl --user enable --now jetond.socket"
        #expect(off["socket_unit"]?.cure == cure)
        #expect(off["agent"]?.cure == cure)
        try await agent.user.say("sh", "-c", String(cure.dropFirst(5)))
        #expect(try await findings(agent, status: 0)["socket_unit"]?.state == "ok")
        try await agent.user.systemctl("disable", "jetond.socket")
        #expect(try await findings(agent, status: 1)["socket_unit"]?.detail.contains("next log-in") == true)
    }

    @Test func `a socket that is gone while its unit is on is made again by the cure`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.systemctl("enable", "--now", "jetond-restricted.socket")
        _ = try await agent.call(Ping())
        for (check, name) in [("socket", "agent.sock"), ("restricted_socket", "restricted.sock")] {
            try await agent.user.say("rm", "\(agent.user.runtimeFolder)/jeton/\(name)")
            let finding = try #require(try await findings(agent, status: 1)[check])
            #expect(finding.state == "problem", "\(check)")
            let cure = try #require(finding.cure)
            #expect(try await agent.user.run(["sh", "-c", String(cure.dropFirst(5))]).status == 0, "\(cure)")
            #expect(try await findings(agent, status: 0)[check]?.state != "problem", "\(cure)")
        }
    }

    @Test func `a restricted socket that no unit made is told as well`() async throws {
        let agent = try await InstalledAgent.ready()
        #expect(try await findings(agent, status: 0)["restricted_socket"]?.state == "ok")
        let path = "\(agent.user.runtimeFolder)/jeton/restricted.sock"
        try await agent.user.say("systemd-run", "--user", "socat", "UNIX-LISTEN:\(path),mode=600", "PIPE")
        try await eventually("it is there") { try await agent.user.run(["test", "-S", path]).status == 0 }
        let finding = try #require(try await findings(agent, status: 0)["restricted_socket"])
        #expect(finding.state == "note")
        #expect(finding.detail.contains(path))
    }

    @Test func `where nothing is installed, that is what is said`() async throws {
        let user = try await UserManager.running().newUser()
        let ended = try await user.run([Programs.path("jeton"), "doctor", "--json"])
        #expect(ended.status == 1)
        let report = try JSONDecoder().decode(Report.self, from: Data(ended.output.utf8))
        let problems = Dictionary(report.findings.map { ($0.check, $0) }) { first, _ in first }
        #expect(problems["socket_unit"]?.detail == "jetond.socket is not installed")
        #expect(problems["service_unit"]?.detail == "jetond.service is not installed")
        #expect(problems["agent"]?.cure?.contains("systemd/install") == true)
    }

    @Test func `a unit that was changed and not read, and the restricted socket, are told`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.systemctl("enable", "--now", "jetond-restricted.socket")
        #expect(try await findings(agent, status: 0)["restricted_socket"]?.state == "note")
        let text = try await agent.user.say("cat", "\(agent.units)/jetond.service")
        try await agent.user.write(text + "\n# changed\n", to: "\(agent.units)/jetond.service")
        try await agent.user.say("touch", "-d", "+1 minute", "\(agent.units)/jetond.service")
        let changed = try await findings(agent, status: 1)
        #expect(changed["service_unit"]?.cure == "Run: systemctl --user daemon-reload")
    }

    @Test func `prompt and desktop that are off, and a pinentry of no use, are told with their cures`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.write("{pinentry: '/nowhere/pinentry'}", to: agent.configuration)
        let missing = try #require(try await findings(agent, status: 1)["pinentry"])
        #expect(missing.detail.contains("there is no /nowhere/pinentry"))
        #expect(missing.cure?.contains("apt-get install") == true)
        try await agent.user.write("{pinentry: '/bin/true'}", to: agent.configuration)
        let useless = try #require(try await findings(agent, status: 1)["pinentry"])
        #expect(useless.detail == "/bin/true has ended without an answer")
        try await agent.user.systemctl("disable", "--now", "jeton-prompt.socket")
        let off = try await findings(agent, status: 0)
        #expect(off["prompt_unit"]?.state == "note")
        #expect(off["prompt_unit"]?.cure == "Run: systemctl --user enable --now jeton-prompt.socket")
        #expect(off["pinentry"]?.state == "note")
        try await agent.user.systemctl("disable", "--now", "jeton-desktop.socket")
        let silent = try #require(try await findings(agent, status: 0)["desktop_unit"])
        #expect(silent.state == "note" && silent.detail.contains("you are not told"))
        #expect(silent.cure == "Run: systemctl --user enable --now jeton-desktop.socket")
    }

    @Test func `a display that systemd does not know is told with its cure`() async throws {
        let agent = try await InstalledAgent.ready()
        let ended = try await agent.user.run(["env", "DISPLAY=:7", agent.program, "doctor"])
        #expect(ended.output.contains("systemctl --user import-environment DISPLAY"), "\(ended.output)")
        try await agent.user.systemctl("set-environment", "DISPLAY=:7")
        let known = try await agent.user.run(["env", "DISPLAY=:7", agent.program, "doctor"])
        #expect(!known.output.contains("import-environment"), "\(known.output)")
    }

    @Test func `protections that a drop-in takes away are named one by one`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.dropIn("open", "[Service]\nProtectHome=no\nTemporaryFileSystem=\nNoExecPaths=\nExecPaths=\n")
        let finding = try #require(try await findings(agent, status: 1)["sandbox"])
        #expect(finding.detail == "not in force: home folder hidden, session bus hidden, no other programs")
        #expect(finding.cure?.contains("systemctl --user cat jetond.service") == true)
        let protections = try await agent.call(GetAgentStatus()).protections
        #expect(protections.sandboxed && protections.filesReadOnly && protections.noCapabilities)
        #expect(!protections.homeHidden && !protections.sessionBusHidden && !protections.noExec)
        #expect(try await agent.jeton("status").output.contains("sandboxed in part"))
    }

    private struct Report: Decodable {
        struct Finding: Decodable {
            var check: String
            var state: String
            var detail: String
            var cure: String?
        }

        var findings: [Finding]
    }

    private func findings(_ agent: InstalledAgent, status: Int32) async throws -> [String: Report.Finding] {
        let ended = try await agent.jeton("doctor", "--json")
        #expect(ended.status == status, "\(ended.output)\(ended.errors)")
        let report = try JSONDecoder().decode(Report.self, from: Data(ended.output.utf8))
        return Dictionary(report.findings.map { ($0.check, $0) }) { first, _ in first }
    }
}
