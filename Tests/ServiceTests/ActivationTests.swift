import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// How a real systemd starts, watches, restarts and stops the agent.
@Suite(.needsUserManager) struct ActivationTests {
    @Test func `the first connection starts the agent, and is answered`() async throws {
        let agent = try await InstalledAgent.ready()
        #expect(try await agent.property("ActiveState") == "inactive")
        let status = try await agent.call(GetAgentStatus())
        #expect(status.supervised == Supervision(systemd: true, socketActivated: true, watchdogMs: 30_000))
        #expect(try await agent.pid > 0)
        #expect(try await agent.property("StatusText") == "Serving 0 accounts")
    }

    @Test func `the restricted socket is switched on as its unit says, while clients keep connecting`() async throws {
        let file = "\(Programs.repository)/systemd/jetond-restricted.socket"
        let unit = try String(contentsOfFile: file, encoding: .utf8)
        let command = String(try #require(unit.firstMatch(of: /\n# +(systemctl .+)\n/)).1)
        for page in ["config/config.json5", "systemd/man/jetond.8", "systemd/man/jeton-config.5"] {
            let text = try String(contentsOfFile: "\(Programs.repository)/\(page)", encoding: .utf8)
            let typed = text.replacing("\\-", with: "-").replacing("&&\n", with: "&& ")
            #expect(typed.contains(command), "\(page) says something else")
        }
        let agent = try await InstalledAgent.ready()
        let (open, restricted) = ("\(agent.user.runtimeFolder)/jeton/agent.sock", restrictedSocket(of: agent))
        let end = "\(agent.user.home)/end"
        let clients = "\(Programs.repository)/Tests/TestSupport/connect-on-and-on"
        let before = try await agent.call(GetAgentStatus()).pid
        try await withThrowingTaskGroup { group in
            group.addTask { try await agent.user.say("/usr/bin/python3", clients, open, end) }
            group.addTask { try await agent.user.say("/usr/bin/python3", clients, open, end) }
            try await agent.user.say("sh", "-c", command)
            #expect(try await agent.jeton("rpc", "--socket", restricted, "agent.ping").status == 0)
            #expect(try await agent.jeton("rpc", "--socket", restricted, "account.list").status != 0)
            try await agent.user.write("", to: end)
            for try await said in group { #expect(said.contains(/^[1-9][0-9]* answered$/), "\(said)") }
        }
        let after = try await agent.call(GetAgentStatus()).pid
        #expect(before != after)
        // Where no agent runs, it starts one.
        try await agent.user.systemctl("stop", "jetond.service")
        #expect(try await agent.jeton("rpc", "--socket", restricted, "agent.ping").status == 0)
        #expect(try await agent.call(GetAgentStatus()).pid != after)
        // Off again: nobody gets in there any more, and a new agent knows nothing of it.
        try await agent.user.systemctl("disable", "--now", "jetond-restricted.socket")
        #expect(try await agent.jeton("rpc", "--socket", restricted, "agent.ping").status == 2)
        try await agent.user.systemctl("restart", "jetond.service")
        #expect(try await agent.jeton("rpc", "--socket", restricted, "agent.ping").status == 2)
        #expect(try await agent.jeton("rpc", "agent.ping").status == 0)
    }

    @Test func `the restricted socket is switched on where no agent runs`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.systemctl("enable", "--now", "jetond-restricted.socket")
        #expect(try await agent.jeton("rpc", "--socket", restrictedSocket(of: agent), "agent.ping").status == 0)
        #expect(try await agent.jeton("rpc", "agent.ping").status == 0)
    }

    private func restrictedSocket(of agent: InstalledAgent) -> String {
        "\(agent.user.runtimeFolder)/jeton/restricted.sock"
    }

    @Test func `a connection waits until the agent says that it is ready`() async throws {
        let agent = try await InstalledAgent.ready()
        // A gate before the agent, in the one folder that both see.
        let gate = #"read line <"$STATE_DIRECTORY/gate"; exec "$0""#
        try await agent.dropIn(
            "gate",
            "[Service]\nExecStart=\nExecStart=/bin/sh -c '\(gate)' \(agent.user.home)/.local/bin/jetond\nExecPaths=/bin/sh\n"
        )
        let state = "\(agent.user.home)/.config/jeton-state"
        try await agent.user.say("sh", "-c", #"mkdir -p -m 700 "$1" && mkfifo "$1/gate""#, "-", state)
        async let ping = agent.jeton("rpc", "agent.ping")
        try await eventually("it is being started") { try await agent.pid > 0 }
        #expect(try await agent.property("ActiveState") == "activating")
        try await agent.user.say("sh", "-c", #"echo >"$1/gate""#, "-", state)
        #expect(try await ping.status == 0)
        #expect(try await agent.property("ActiveState") == "active")
    }

    @Test func `an agent that hangs is killed and started anew, and forgets nothing`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        #expect(try await agent.mint(as: somebody).status == 0)
        try await agent.dropIn("watchdog", "[Service]\nWatchdogSec=1\nRestartSec=0\n")
        try await agent.user.systemctl("restart", "jetond.service")
        let pid = try await agent.pid
        try await agent.user.say("kill", "-STOP", "\(pid)")
        // It hangs now: this waits until another one answers.
        let status = try await agent.call(GetAgentStatus())
        #expect(status.pid != pid)
        #expect(status.accounts.map(\.userId) == [somebody.id])
        #expect(try await agent.property("NRestarts") == "1")
        #expect(try await agent.mint(as: somebody).status == 5)
        #expect(try await agent.property("StatusText") == "Serving 1 account")
        try await agent.lookForSecretsInTheJournal()
    }

    @Test func `a restart under load loses no connection`() async throws {
        let agent = try await InstalledAgent.ready()
        let script = "\(Programs.repository)/Tests/TestSupport/connect-on-and-on"
        let socket = "\(agent.user.runtimeFolder)/jeton/agent.sock"
        let end = "\(agent.user.home)/end"
        try await withThrowingTaskGroup { group in
            for _ in 1...3 {
                group.addTask { try await agent.user.say("/usr/bin/python3", script, socket, end) }
            }
            for _ in 1...4 {
                try await eventually("it serves") { try await agent.property("ActiveState") == "active" }
                try await agent.user.systemctl("restart", "jetond.service")
            }
            try await agent.user.write("", to: end)
            for try await said in group {
                #expect(said.contains(/^[0-9]+ answered$/), "\(said)")
                #expect(!said.hasPrefix("0 "))
            }
        }
    }

    @Test func `a stop answers what is under way`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        _ = try await agent.signIn(at: homeserver)
        await homeserver.server.misbehave(on: "/_matrix/client/v3/capabilities", .stall)
        let before = await homeserver.server.seenRequests.count
        async let answer = agent.jeton("rpc", "login_token.support")
        try await eventually("the request is under way") { await homeserver.server.seenRequests.count > before }
        async let stop = agent.user.systemctl("stop", "jetond.service")
        try await eventually("it is stopping") { try await agent.property("ActiveState") == "deactivating" }
        #expect(try await agent.property("StatusText") == "Finishing the answers under way")
        await homeserver.server.stop()
        _ = try await stop
        #expect(try await answer.errors.contains("cannot be reached"))
        #expect(try await agent.property("Result") == "success")
    }

    @Test(.timeLimit(.minutes(5)))
    func `mistakes in the configuration stop the agent, not its socket`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.write("{\n  consent: 7,\n}", to: agent.configuration)
        #expect(try await agent.jeton("rpc", "agent.ping").status == 2)
        try await eventually("systemd has seen the end") { try await agent.property("ActiveState") == "failed" }
        #expect(try await agent.property("ExecMainStatus") == "78")
        try await eventually("it says where") {
            try await agent.said(by: "jetond").contains { $0.contains("config.json5, line 2") }
        }
        // Nor does a program that keeps trying.
        #expect(try await agent.jeton("wait", "--timeout", "4").status == 124)
        try await agent.user.write("{}", to: agent.configuration)
        #expect(try await agent.jeton("rpc", "agent.ping").status == 0)
    }
}
