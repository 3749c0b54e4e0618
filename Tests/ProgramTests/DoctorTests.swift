import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// `jeton doctor` beside agents in all sorts of states. With a real systemd: Tests/ServiceTests.
@Suite struct DoctorTests {
    @Test(arguments: HomeserverKind.available)
    func `beside an agent that is well everything but the sandbox is ok`(kind: HomeserverKind) async throws {
        let homeserver = try await kind.homeserver()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        let report = try await Report(of: agent)
        #expect(report.healthy)
        #expect(report.status == 0)
        #expect(report.findings.allSatisfy { $0.state != "problem" })
        for check in ["runtime_folder", "socket", "configuration", "state_folder", "agent", "version", "memory"] {
            #expect(report[check]?.state == "ok", "\(check): \(report[check]?.detail ?? "missing")")
        }
        #expect(report["sandbox"]?.state == "note")
        #expect(report["storage"]?.state == "note")
        #expect(report["account"]?.state == "ok")
        #expect(report["account"]?.account == user.id)
        #expect(report["clock"]?.state == "ok")
        let text = try await agent.jeton("doctor", "--state", agent.state, "--config", agent.folder.file("config"))
        #expect(text.status == 0)
        #expect(
            text.output.contains("ok       agent              jetond \(releaseVersion) answers, process \(agent.pid)")
        )
        try await agent.stop()
    }

    @Test func `a lock comes with what opens it`() async throws {
        let agent = try await AgentUnderTest().start()
        #expect(try await Report(of: agent)["lock"] == nil)
        _ = try await agent.call(LockAgent())
        let lock = try #require(try await Report(of: agent)["lock"])
        #expect(lock.state == "note" && lock.detail == "locked by user: nothing is minted for now")
        #expect(lock.cure == "To unlock it, run: jeton unlock")
        try await agent.stop()
    }

    @Test(
        .enabled(if: getuid() == 0, "only root can mount"),
        arguments: [
            ("head -c 64k /dev/zero >fill; chmod 600 fill", "is full", "df -h"),
            ("mount -o remount,ro,bind .", "is read-only", "findmnt"),
        ]
    )
    func `a disk that takes nothing is named, before the agent meets it`(
        trouble: String,
        detail: String,
        cure: String
    ) async throws {
        let folder = try ScratchFolder()
        let state = folder.file("state")
        let script = """
            mkdir '\(state)' && mount -t tmpfs -o size=64k,mode=700 none '\(state)' && cd '\(state)' || exit 77
            { \(trouble); } 2>/dev/null
            exec "$0" doctor --json --socket '\(folder.file("agent.sock"))' --state '\(state)'
            """
        let arguments = ["--mount", "/bin/sh", "-c", script, Programs.path("jeton")]
        let ended = try await run("/usr/bin/unshare", arguments, environment: ["HOME": folder.path])
        let report = try JSONDecoder().decode(Report.self, from: Data(ended.output.utf8))
        let finding = try #require(report["state_folder"])
        #expect(finding.state == "problem" && finding.detail.hasSuffix(detail), "\(finding.detail)")
        #expect(finding.cure?.contains(cure) == true)
    }

    @Test func `without an agent it says so, and how to start one`() async throws {
        let folder = try ScratchFolder()
        let report = try await Report(socket: folder.file("agent.sock"), folder: folder)
        #expect(report.status == 1)
        #expect(!report.healthy)
        #expect(report["socket"]?.detail.contains("there is no socket") == true)
        #expect(report["agent"]?.detail == "it does not run")
        #expect(report["agent"]?.cure?.contains("jetond") == true)
        // What needs an agent is not guessed.
        #expect(report["account"] == nil)
        #expect(report["version"] == nil)
        let text = try await run("jeton", ["doctor", "--socket", folder.file("agent.sock")])
        #expect(text.status == 1)
        #expect(text.output.contains("problem  agent"))
        #expect(try await run("jeton", ["doctor"]).errors.contains("XDG_RUNTIME_DIR is not set"))
    }

    @Test func `a socket that a killed agent left behind is called that`() async throws {
        let agent = try await AgentUnderTest().start()
        try await agent.killNine()
        let report = try await Report(of: agent)
        #expect(report.status == 1)
        #expect(report["socket"]?.state == "ok")
        #expect(report["agent"]?.detail.contains("a killed agent left it behind") == true)
    }

    @Test func `what others may open, and what is in the way, is named with the command that mends it`() async throws {
        let agent = try await AgentUnderTest(configuration: "{}").start()
        let files = FileManager.default
        let configuration = agent.folder.file("config/config.json5")
        let lock = "\(agent.state)/lock"
        try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: agent.state)
        try files.setAttributes([.posixPermissions: 0o640], ofItemAtPath: lock)
        try files.setAttributes([.posixPermissions: 0o666], ofItemAtPath: configuration)
        try files.setAttributes([.posixPermissions: 0o660], ofItemAtPath: agent.socket)
        try files.setAttributes([.posixPermissions: 0o777], ofItemAtPath: agent.folder.file("run"))
        let report = try await Report(of: agent)
        #expect(report.status == 1)
        let cures = report.findings.compactMap(\.cure)
        for cure in [
            "Run: chmod 700 \(agent.state)", "Run: chmod 600 \(lock)", "Run: chmod go-w \(configuration)",
            "Run: chmod 600 \(agent.socket)", "Run: chmod go-w \(agent.folder.file("run"))",
        ] { #expect(cures.contains(cure), "\(cures)") }
        // The cures cure.
        for cure in cures where cure.hasPrefix("Run: chmod ") {
            #expect(try await run("/bin/sh", ["-c", String(cure.dropFirst(5))]).status == 0)
        }
        #expect(try await Report(of: agent).healthy)
        try await agent.stop()
    }

    @Test(.enabled(if: geteuid() == 0, "SKIPPED: only root can take another group"))
    func `a group that many are in may not write settings, though it is one's own`() async throws {
        let folder = try ScratchFolder()
        let file = try folder.write("{}", to: "config/config.json5", mode: 0o664)
        for (group, isRefused) in [(gid_t(0), false), (65534, true)] {
            try FileManager.default.setAttributes([.groupOwnerAccountID: Int(group)], ofItemAtPath: file)
            let folders = ["--state", folder.file("state"), "--config", folder.file("config")]
            let programs = [
                ("jetond", ["--check-config"], "\(file): others may write to it (mode 664)"),
                ("jeton", ["doctor", "--socket", folder.file("agent.sock")], "others may change \(file) (mode 0664)"),
            ]
            for (program, arguments, refusal) in programs {
                let command = [Programs.path(program)] + arguments + folders
                let ended = try await run("/usr/bin/setpriv", ["--regid=\(group)", "--clear-groups"] + command)
                let said = ended.output + ended.errors
                #expect(said.contains(refusal) == isRefused, "\(program), \(group): \(said)")
            }
        }
    }

    @Test func `of a link it counts what it leads to`() async throws {
        let agent = try AgentUnderTest(configuration: "{}")
        let files = FileManager.default
        // As people do who keep their settings elsewhere, and as systemd does with state of before its version 254.
        for (link, place) in [("config/config.json5", "elsewhere.json5"), ("state", "older-state")] {
            if link == "state" {
                try files.createDirectory(
                    atPath: agent.folder.file(place),
                    withIntermediateDirectories: false,
                    attributes: [.posixPermissions: 0o700]
                )
            } else {
                try files.moveItem(atPath: agent.folder.file(link), toPath: agent.folder.file(place))
            }
            try files.createSymbolicLink(
                atPath: agent.folder.file(link),
                withDestinationPath: agent.folder.file(place)
            )
        }
        try await agent.start()
        let report = try await Report(of: agent)
        #expect(report["configuration"]?.state == "ok", "\(report["configuration"]?.detail ?? "")")
        #expect(report["state_folder"]?.state == "ok", "\(report["state_folder"]?.detail ?? "")")
        try files.setAttributes([.posixPermissions: 0o666], ofItemAtPath: agent.folder.file("elsewhere.json5"))
        let cure = "Run: chmod go-w \(agent.folder.file("config/config.json5"))"
        #expect(try await Report(of: agent)["configuration"]?.cure == cure)
        #expect(try await run("/bin/sh", ["-c", String(cure.dropFirst(5))]).status == 0)
        // The agent itself takes no links in place of its files.
        try files.createSymbolicLink(atPath: "\(agent.state)/mints.jsonl", withDestinationPath: "/dev/null")
        let flawed = try await Report(of: agent)
        #expect(flawed["configuration"]?.state == "ok")
        let detail = "\(agent.state)/mints.jsonl is a link, which the agent does not follow"
        #expect(flawed["state_folder"]?.detail == detail)
        try await agent.stop()
    }

    @Test func `a mistake in the configuration is told with its line`() async throws {
        let agent = try await AgentUnderTest(configuration: "{}").start()
        try agent.folder.write("{\n  consent: 7,\n}", to: "config/config.json5")
        let finding = try #require(try await Report(of: agent)["configuration"])
        #expect(finding.state == "problem")
        #expect(finding.detail.contains("config.json5, line 2, column 12"), "\(finding.detail)")
        try await agent.stop()
    }

    @Test(arguments: [("0.0.9", 1, "kill"), ("99.0.0", 1, "Install the newer jeton"), ("0.0.9", 0, "kill")])
    func `an agent of another version is told from one that is broken`(
        version: String,
        api: Int,
        cure: String
    ) async throws {
        let agent = try StandInAgent { _ in
            [#"{"jsonrpc":"2.0","id":1,"result":{"version":"\#(version)","api_version":\#(api),"pid":1}}"# + "\n"]
        }
        let report = try await Report(socket: agent.path)
        #expect(report.status == 1)
        #expect(report["agent"]?.state == "ok")
        let finding = try #require(report["version"])
        #expect(finding.state == "problem")
        #expect(finding.detail.contains("the agent is \(version) (API \(api)), the command \(releaseVersion)"))
        #expect(finding.cure?.contains(cure) == true)
    }

    @Test func `what answers wrongly, closes, or never finishes is told, and ends`() async throws {
        let garbled = try StandInAgent { _ in ["220 mail.example.org ESMTP\r\n"] }
        let report = try await Report(socket: garbled.path)
        #expect(report["agent"]?.detail.contains("does not speak as the agent does") == true)
        // Half a minute of spaces, one at a time: each in time, and never a whole line.
        let endless = try StandInAgent { _ in Array(repeating: " ", count: 300) }
        let slow = try await Report(socket: endless.path)
        #expect(slow["agent"]?.detail == "it did not answer within 10 s")
    }

    @Test(arguments: [(-3600, "ahead of"), (7200, "behind")])
    func `a clock that differs from the homeserver's is told`(offset: Int, words: String) async throws {
        let homeserver = try await DevHomeserverUnderTest { $0.clockOffset = .seconds(offset) }
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        try await agent.logIn(user, at: homeserver.address)
        let report = try await Report(of: agent)
        #expect(report.status == 1)
        let finding = try #require(report["clock"])
        #expect(finding.state == "problem")
        let told = try #require(finding.detail.firstMatch(of: /([0-9]+) s (ahead of|behind)/))
        #expect(told.2 == words)
        // A homeserver tells whole seconds, and may take some to answer.
        #expect(abs((Int(told.1) ?? 0) - abs(offset)) < 60)
        #expect(finding.cure?.contains("timedatectl set-ntp true") == true)
        #expect(report["account"]?.state == "ok")
        try await agent.stop()
    }

    @Test func `a homeserver that cannot be reached, or has login tokens off, is told for each account`() async throws {
        let away = try await DevHomeserverUnderTest()
        let off = try await DevHomeserverUnderTest(.off)
        let agent = try await AgentUnderTest().start()
        let first = try await away.newUser()
        let second = try await off.newUser()
        try await agent.logIn(first, at: away.address)
        try await agent.logIn(second, at: off.address)
        await away.server.stop()
        let report = try await Report(of: agent)
        #expect(report.status == 1)
        let findings = report.findings.filter { $0.check == "account" }
        #expect(findings.map(\.state) == ["problem", "problem"])
        let unreachable = try #require(findings.first { $0.account == first.id })
        #expect(unreachable.detail.contains("cannot be reached"), "\(unreachable.detail)")
        #expect(unreachable.cure?.contains("jeton support --account \(first.id)") == true)
        let switchedOff = try #require(findings.first { $0.account == second.id })
        #expect(switchedOff.detail.contains("switched off"))
        try await agent.stop()
    }

    @Test func `a homeserver that never answers is waited for, and not for ever`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        await homeserver.server.misbehave(on: "/_matrix/client/v3/capabilities", .stall)
        let finding = try #require(try await Report(of: agent)["account"])
        #expect(finding.state == "problem")
        #expect(finding.detail == "\(user.id): \(homeserver.address) did not answer within 12 s")
        await homeserver.server.stop()
        try await agent.stop()
    }

    @Test func `a homeserver with OAuth 2.0 is told, with the page that signs devices in`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        await homeserver.server.change { $0.oauthIssuer = "https://account.example.org/" }
        let finding = try #require(try await Report(of: agent)["account"])
        #expect(finding.state == "problem")
        #expect(finding.account == user.id)
        #expect(finding.detail.contains("OAuth 2.0"), "\(finding.detail)")
        #expect(finding.cure?.contains("https://account.example.org/") == true, "\(finding.cure ?? "")")
        try await agent.stop()
    }

    @Test func `it changes nothing`() async throws {
        let (agent, _, _) = try await signedInAtDev()
        _ = try await Report(of: agent)
        let before = try await listing(agent)
        _ = try await Report(of: agent)
        #expect(try await listing(agent) == before)
        try await agent.stop()
    }

    private func listing(_ agent: AgentUnderTest) async throws -> String {
        try await run("/usr/bin/find", [agent.folder.path, "-not", "-name", "log", "-printf", "%p %m %T@ %s\n"]).output
    }
}

/// What `jeton doctor --json` says.
struct Report: Decodable {
    struct Finding: Decodable {
        var check: String
        var state: String
        var detail: String
        var cure: String?
        var account: String?
    }

    var healthy: Bool
    var findings: [Finding]
    var status: Int32 = 0

    enum CodingKeys: CodingKey { case healthy, findings }

    subscript(check: String) -> Finding? { findings.first { $0.check == check } }

    init(of agent: AgentUnderTest) async throws {
        let folders = ["--state", agent.state, "--config", agent.folder.file("config")]
        self = try await Self.ask(["--socket", agent.socket] + folders, home: agent.folder.path)
    }

    /// Beside something else than an agent.
    init(socket: String, folder: ScratchFolder? = nil) async throws {
        let folder = try folder ?? ScratchFolder()
        self = try await Self.ask(["--socket", socket], home: folder.path)
    }

    private static func ask(_ arguments: [String], home: String) async throws -> Report {
        let ended = try await run("jeton", ["doctor", "--json"] + arguments, environment: ["HOME": home])
        #expect(Canary.secrets(in: ended.output).isEmpty)
        var report = try JSONDecoder().decode(Report.self, from: Data(ended.output.utf8))
        report.status = ended.status
        return report
    }
}
