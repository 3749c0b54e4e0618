import Foundation
import JetonAPI
import TestSupport
import Testing

/// What the service may not, looked up in the kernel and tried from inside.
@Suite(.needsUserManager) struct SandboxTests {
    @Test func `systemd's own figure for the exposure is at most 1.5`() async throws {
        let agent = try await InstalledAgent.ready()
        let unit = "\(agent.units)/jetond.service"
        let analysis = try await agent.user.run(
            ["systemd-analyze", "--user", "--no-pager", "security", "--offline=true", unit]
        )
        let overall = try #require(analysis.output.firstMatch(of: /exposure level for jetond\.service: ([0-9.]+)/))
        print("Exposure of jetond.service: \(overall.1)")
        #expect(try #require(Double(overall.1)) <= 1.5)
    }

    @Test func `promise 12: the kernel confirms it for the agent that runs`() async throws {
        let agent = try await InstalledAgent.ready()
        _ = try await agent.call(Ping())
        let pid = try await agent.pid
        let manager = agent.user.manager
        let status = try await manager.asRoot("cat", "/proc/\(pid)/status").output
        for line in ["NoNewPrivs:\t1", "Seccomp:\t2"] { #expect(status.contains(line)) }
        for set in ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"] {
            #expect(status.contains("\(set):\t0000000000000000"), "\(set)")
        }
        let limits = try await manager.asRoot("cat", "/proc/\(pid)/limits").output
        #expect(limits.contains(/Max core file size +0 +0/))
        for kind in ["user", "mnt"] {
            let own = try await manager.asRoot("readlink", "/proc/\(pid)/ns/\(kind)").output
            #expect(try await agent.user.run(["readlink", "/proc/self/ns/\(kind)"]).output != own, "\(kind)")
        }
        let mounts = try await manager.asRoot("cat", "/proc/\(pid)/mountinfo").output.split(separator: "\n")
        for (folder, options) in ["/": "ro,nosuid,noexec", "\(agent.user.home)/.config/jeton": "ro,nosuid,noexec"] {
            let mount = mounts.map { $0.split(separator: " ") }.last { $0[4] == folder }
            #expect(mount?[5].hasPrefix(options) == true, "\(folder)")
        }
        // The user's own files, which are there, and the session bus are out of its sight.
        let user = agent.user
        try await user.write("a secret of another program", to: "\(user.home)/other")
        for path in ["\(user.home)/other", "\(user.runtimeFolder)/bus", "\(user.runtimeFolder)/systemd/private"] {
            #expect(try await manager.asRoot("test", "-e", path).status == 0, "\(path)")
            #expect(try await manager.asRoot("test", "-e", "/proc/\(pid)/root\(path)").status != 0, "\(path)")
        }
        let home = try await manager.asRoot("ls", "-A", "/proc/\(pid)/root\(user.home)").output
        #expect(Set(home.split(separator: "\n")).isSubset(of: [".config", ".local"]), "\(home)")
    }

    @Test func `promise 12: what is forbidden fails inside, and what is needed works`() async throws {
        let agent = try await InstalledAgent.ready()
        let listener = try await DevHomeserverUnderTest()
        let inside = try await probe(agent, port: listener.address, isInside: true)
        let outside = try await probe(agent, port: listener.address, isInside: false)
        for (attempt, expected) in SandboxProbe.expected {
            #expect(inside[attempt] == expected.inside, "\(attempt) inside")
            if let known = expected.outside { #expect(outside[attempt] == known, "\(attempt) outside") }
        }
        #expect(Set(inside.keys) == Set(SandboxProbe.expected.keys))
    }

    /// Runs the probe, in a unit with the agent's own settings or without any.
    private func probe(_ agent: InstalledAgent, port: String, isInside: Bool) async throws -> [String: String] {
        let name = isInside ? "inside" : "outside"
        let unit = try await agent.user.say("cat", "\(agent.units)/jetond.service")
        let bare = "[Service]\nStateDirectory=outside\nConfigurationDirectory=jeton\n"
        try await agent.user.write(isInside ? unit : bare, to: "\(agent.units)/\(name).service")
        let script = "\(Programs.repository)/Tests/TestSupport/sandbox-probe"
        let libraries = "import os.path, _ctypes; print(os.path.dirname(_ctypes.__file__))"
        let pythons = try await agent.user.say("/usr/bin/python3", "-c", libraries)
        let output = "\(agent.user.home)/\(name).json"
        let changes = """
            [Service]
            Type=oneshot
            Restart=no
            NotifyAccess=all
            ExecStart=
            ExecStart=/usr/bin/python3 -I - \(port)
            ExecPaths=/usr/bin/python3 \(pythons)
            StandardInput=file:\(script)
            StandardOutput=truncate:\(output)
            StandardError=journal
            """
        try await agent.user.write(changes, to: "\(agent.units)/\(name).service.d/probe.conf")
        try await agent.user.write("a secret of another program", to: "\(agent.user.home)/other")
        try await agent.user.systemctl("daemon-reload")
        try await agent.user.systemctl("start", "\(name).service")
        let text = try await agent.user.say("cat", output)
        let journal = try await agent.user.run(["journalctl", "--user", "--unit", name]).output
        #expect(text.hasPrefix("{"), "\(journal)")
        return try JSONDecoder().decode([String: String].self, from: Data(text.utf8))
    }

    @Test func `where users may make no namespaces, the installer says so and the agent runs with what is left`()
        async throws
    {
        let agent = try await InstalledAgent()
        let manager = agent.user.manager
        let dropIn = "/run/systemd/system/user@\(agent.user.uid).service.d"
        try await manager.asRoot("mkdir", "-p", dropIn)
        try await manager.asRoot("tee", "\(dropIn)/refuse.conf", input: "[Service]\nRestrictNamespaces=~user\n")
        try await manager.asRoot("systemctl", "daemon-reload")
        try await manager.asRoot("systemctl", "restart", "user@\(agent.user.uid).service")
        let said = try await agent.install()
        #expect(said.contains("fewer protections"))
        #expect(try await agent.call(GetAgentStatus()).protections.sandboxed)
        // As it says: without its drop-in it does not start.
        try await agent.user.say("rm", "\(agent.units)/jetond.service.d/without-user-namespaces.conf")
        try await agent.user.systemctl("daemon-reload")
        try await agent.user.systemctl("stop", "jetond.service")
        #expect(try await agent.user.run(["systemctl", "--user", "start", "jetond.service"]).status != 0)
        #expect(try await agent.property("ExecMainStatus") == "217")
    }
}
