import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// What a service manager sees of the agent.
@Suite struct SupervisionTests {
    @Test func `READY comes when the agent serves, and not before`() async throws {
        let manager = try NotifySocket()
        let agent = try AgentUnderTest(environment: ["NOTIFY_SOCKET": manager.path])
        try await agent.launch()
        let ready = try await manager.message { $0.contains("READY=1") }
        #expect(ready.contains("STATUS=Serving 0 accounts"))
        // No second try: who was told READY may connect.
        _ = try await agent.call(Ping())
        let status = try await agent.call(GetAgentStatus())
        #expect(status.supervised == Supervision(systemd: true, socketActivated: false, watchdogMs: nil))
        agent.send(SIGTERM)
        _ = try await manager.message { $0.contains("STOPPING=1") }
        #expect(try await agent.ended() == 0)
        #expect(!FileManager.default.fileExists(atPath: agent.socket))
    }

    @Test func `an agent that cannot load its state is never READY`() async throws {
        let manager = try NotifySocket()
        let agent = try AgentUnderTest(environment: ["NOTIFY_SOCKET": manager.path])
        try agent.folder.write("{", to: "state/@a:b.account.json")
        #expect(try await agent.failToStart().status == 78)
        #expect(manager.messagesSoFar.allSatisfy { !$0.contains("READY") })
    }

    @Test func `the watchdog is fed twice in its time`() async throws {
        let manager = try NotifySocket()
        let environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"]
        let agent = try await AgentUnderTest(environment: environment).start()
        #expect(try await agent.call(GetAgentStatus()).supervised.watchdogMs == 400)
        for _ in 1...3 { _ = try await manager.message { $0.contains("WATCHDOG=1") } }
        try await agent.stop()
    }

    @Test(
        .enabled(if: getuid() == 0, "SKIPPED: only root can trace a program that hides its memory"),
        arguments: ["NIO-SGLTN", "TP-"]
    )
    func `the watchdog is not fed while one of the threads hangs, whichever it is`(_ thread: String) async throws {
        let manager = try NotifySocket()
        let environment = ["NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "100000"]
        let agent = try await AgentUnderTest(environment: environment).start()
        try await eventually("it is fed") { Self.feedings(manager.messagesSoFar) > 0 }
        let said = try agent.folder.write("", to: "held")
        let holder = try await RunningProgram(
            "\(Programs.repository)/Tests/TestSupport/hold-thread",
            ["\(agent.pid)", thread],
            log: said
        )
        try await eventually("the thread hangs") { try String(contentsOfFile: said, encoding: .utf8) == "held\n" }
        let before = Self.feedings(try await manager.messagesUntilNow())
        // Ten times as long as it would take. One may have been under way.
        try await Task.sleep(for: .milliseconds(500))
        #expect(Self.feedings(try await manager.messagesUntilNow()) - before <= 1)
        holder.send(SIGTERM)
        try await eventually("it is fed again") { Self.feedings(manager.messagesSoFar) - before > 2 }
        try await agent.stop()
    }

    private static func feedings(_ messages: [String]) -> Int { messages.count { $0.contains("WATCHDOG=1") } }

    @Test func `systemd's own activation passes the socket, and the agent leaves it in place`() async throws {
        let folder = try ScratchFolder()
        let socket = folder.file("activated.sock")
        let agent = try await RunningProgram(
            "/usr/bin/systemd-socket-activate",
            [
                "--listen=\(socket)", "--fdname=agent", "-E", "HOME", Programs.path("jetond"), "--state",
                folder.file("state"), "--config", folder.file("config"),
            ],
            environment: ["HOME": folder.path],
            log: try folder.write("", to: "log")
        )
        // The socket's file is there a moment before anybody listens.
        try await eventually("systemd listens") {
            try String(contentsOfFile: folder.file("log"), encoding: .utf8).contains("Listening on \(socket)")
        }
        // The first connection starts the agent, and is answered.
        let status = try await onThread { try RPCClient(path: socket).call(GetAgentStatus()) }
        #expect(status.supervised.socketActivated)
        #expect(status.pid == Int(agent.pid))
        agent.send(SIGTERM)
        #expect(try await agent.ended() == 0)
        #expect(FileManager.default.fileExists(atPath: socket))
    }

    @Test func `a client that has said all before the agent was there is still answered`() async throws {
        let folder = try ScratchFolder()
        let socket = folder.file("activated.sock")
        let agent = try await RunningProgram(
            "/usr/bin/systemd-socket-activate",
            [
                "--listen=\(socket)", "--fdname=agent", "-E", "HOME", Programs.path("jetond"), "--state",
                folder.file("state"), "--config", folder.file("config"),
            ],
            environment: ["HOME": folder.path],
            log: try folder.write("", to: "log")
        )
        try await eventually("systemd listens") {
            try String(contentsOfFile: folder.file("log"), encoding: .utf8).contains("Listening on")
        }
        // It asks and ends its own side, and only then is the agent started. The latter question takes some time.
        let requests = ["agent.ping", "login_token.list"].map { #"{"jsonrpc":"2.0","id":1,"method":"\#($0)"}"# + "\n" }
        let client = ["-t60", "-", "UNIX-CONNECT:\(socket)"]
        let answered = try await run("/usr/bin/socat", client, input: requests.joined())
        let answers = [#"{"jsonrpc":"2.0","id":1,"result":{}}"#, #"{"jsonrpc":"2.0","id":1,"result":{"tokens":[]}}"#]
        #expect(answered.output.split(separator: "\n") == answers.map { $0[...] })
        agent.send(SIGTERM)
        #expect(try await agent.ended() == 0)
    }

    @Test(arguments: ["somebody", "agent:agent"])
    func `passed sockets with a name that is unknown or given twice are refused`(names: String) async throws {
        let folder = try ScratchFolder()
        let listen = names.split(separator: ":").indices.map { "--listen=\(folder.file("\(names.utf8.count)\($0)"))" }
        let agent = try await RunningProgram(
            "/usr/bin/systemd-socket-activate",
            listen + ["--fdname=\(names)", Programs.path("jetond"), "--state", folder.file("state")],
            environment: ["HOME": folder.path],
            log: try folder.write("", to: "log")
        )
        let socket = String(listen[0].dropFirst("--listen=".count))
        // The file is there before anybody listens.
        try await eventually("systemd listens") {
            (try? await onThread { _ = try RPCClient(path: socket) }) != nil
        }
        #expect(try await agent.ended() == 78)
        let said = try String(contentsOfFile: folder.file("log"), encoding: .utf8)
        #expect(said.contains(names == "somebody" ? "known names: agent, restricted" : "two sockets"))
    }

    @Test func `without systemd the agent listens at the usual place, for its user alone`() async throws {
        let folder = try ScratchFolder()
        let environment = ["XDG_RUNTIME_DIR": folder.path, "HOME": folder.path]
        let log = try folder.write("", to: "log")
        let agent = try await RunningProgram("jetond", [], environment: environment, log: log)
        let waited = try await run("jeton", ["wait", "--timeout", "60"], environment: environment)
        #expect(waited.status == 0)
        #expect(try mode(folder.file("jeton")) == 0o700)
        #expect(try mode(folder.file("jeton/agent.sock")) == 0o600)
        #expect(try mode(folder.file(".local/state/jeton-state")) == 0o700)
        agent.send(SIGTERM)
        #expect(try await agent.ended() == 0)
        #expect(!FileManager.default.fileExists(atPath: folder.file("jeton/agent.sock")))
    }

    @Test func `an answer under way still goes out when the agent is stopped`() async throws {
        let (agent, _, homeserver) = try await signedInAtDev()
        await homeserver.server.misbehave(on: "/_matrix/client/v3/capabilities", .stall)
        let before = await homeserver.server.seenRequests.count
        async let answer = agent.refusal(of: GetLoginTokenSupport())
        try await eventually("the request is under way") { await homeserver.server.seenRequests.count > before }
        agent.send(SIGTERM)
        // Whoever comes in the very moment of the stop is turned away too, and not left waiting.
        let turnedAway = try await ContinuousClock().measure {
            try await eventually("no new client is let in") { (try? await agent.call(Ping())) == nil }
        }
        // Ten seconds is what a stop leaves to answers under way.
        #expect(turnedAway < .seconds(9))
        await homeserver.server.stop()
        #expect(try await answer.kind == .homeserverUnreachable)
        #expect(try await agent.ended() == 0)
    }

    @Test func `a client that only ends its own side still gets its answers`() async throws {
        let agent = try await AgentUnderTest().start()
        let request = #"{"jsonrpc":"2.0","id":1,"method":"agent.ping"}"#
        for input in [request, request + "\n"] {
            let answered = try await run("/usr/bin/socat", ["-t20", "-", "UNIX-CONNECT:\(agent.socket)"], input: input)
            #expect(answered.output == #"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n")
        }
        try await agent.stop()
    }

    private func mode(_ path: String) throws -> Int {
        try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int ?? 0
    }
}
