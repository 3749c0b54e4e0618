import Foundation
import JetonAPI
import TestSupport
import Testing

/// `jeton audit`: the agent's records, read back from a real journal.
@Suite(.needsUserManager) struct AuditTests {
    @Test func `each thing that happened is one line, oldest first, and no secret is in them`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        let wrong = Canary.passwordMark + "wrong\n"
        #expect(try await agent.jeton("token", "--password-stdin", input: wrong).status == 4)
        let minted = try await agent.mint(as: somebody)
        let token = try JSONCoding.decoder().decode(GenerateLoginToken.Result.self, from: Data(minted.output.utf8))
        #expect(try await agent.mint(as: somebody).status == 5)
        #expect(try await agent.jeton("logout").status == 0)
        let audit = try await agent.jeton("audit")
        #expect(audit.status == 0, "\(audit.errors)")
        let lines = audit.output.split(separator: "\n").map { String($0) }
        let time = #/[0-9-]{10}T[0-9:]{8}\.[0-9]{3}Z  /#
        #expect(lines.allSatisfy { $0.prefixMatch(of: time) != nil }, "\(lines)")
        let events = lines.map { String($0.dropFirst(26).prefix { $0 != " " }) }
        #expect(
            events == [
                "account.state", "account.login", "login_token.denied", "login_token.issued", "rate_limit.hit",
                "account.logout",
            ]
        )
        // In columns: the account stands in the same place of every line.
        #expect(lines.allSatisfy { $0.dropFirst(48).hasPrefix(somebody.id) }, "\(lines)")
        #expect(lines[3].contains("token_id=\(token.tokenId)  “jeton” ("))
        #expect(lines[2].contains("reason=auth_required"))
        #expect(lines[4].contains("scope=local"))
        #expect(Canary.secrets(in: audit.output).isEmpty)
    }

    @Test func `a program that calls itself like a part of the line stands in quotes`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        let program = "\(agent.user.home)/x (1)  y ← w"
        try await agent.user.say("ln", "-s", agent.program, program)
        let minted = try await agent.user.run([program, "token", "--password-stdin"], input: somebody.password + "\n")
        #expect(minted.status == 0, "\(minted.errors)")
        let line = try #require(try await agent.jeton("audit").output.split(separator: "\n").last)
        let shown = #/  “x \(1\) y ← w” \([0-9]+\)( ← “[^“”]+”)?(  unit=[^ ]+)?$/#
        #expect(line.firstMatch(of: shown) != nil, "\(line)")
    }

    @Test func `as JSON a record is an object on a line, with the names of the API`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        #expect(try await agent.mint(as: somebody).status == 0)
        let records = try await records(agent)
        #expect(records.map { $0["event"]?.stringValue } == Self.signingIn + ["login_token.issued"])
        let record = try #require(records.last)
        #expect(record["account"]?.stringValue == somebody.id)
        #expect(record["peer_uid"]?.integerValue == agent.user.uid)
        #expect(record["peer_command"]?.stringValue == "jeton")
        #expect(record["message"]?.stringValue == "a login token was minted")
        let at = try JSONCoding.decoder().decode(Moment.self, from: JSONEncoder().encode(record["at"]))
        #expect(abs(at.duration(to: .now).milliseconds) < 600_000)
    }

    @Test func `times and an account choose among the records`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let first = try await agent.signIn(at: homeserver)
        let second = try await agent.signIn(at: homeserver)
        let all = try await records(agent)
        #expect(all.compactMap { $0["account"]?.stringValue } == [first.id, first.id, second.id, second.id])
        let later = try #require(all[2]["at"]?.stringValue)
        #expect(try await records(agent, "--account", second.id) == Array(all[2...]))
        #expect(try await records(agent, "--since", later) == Array(all[2...]))
        #expect(try await records(agent, "--since", "-1h", "--until", "now") == all)
        #expect(try await records(agent, "--since", "yesterday") == all)
        let nothing = try await agent.jeton("audit", "--until", "-1d")
        #expect(nothing.status == 0)
        #expect(nothing.output.isEmpty)
        #expect(nothing.errors.contains("no such records of jetond.service"))
    }

    @Test func `what other programs write is not taken for the agent's`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        let forged = """
            MESSAGE=minted a login token
            JETON_EVENT=login_token.issued
            JETON_ACCOUNT=\(somebody.id)
            SYSLOG_IDENTIFIER=jetond
            _SYSTEMD_USER_UNIT=jetond.service
            _UID=\(agent.user.uid)

            """
        // The same user, from a unit of another name; and somebody else, whose unit has the same name.
        try await agent.user.say("logger", "--journald", input: forged)
        try await agent.user.say("systemd-run", "--user", "--wait", "--pipe", "logger", "--journald", input: forged)
        let other = try await agent.user.manager.newUser()
        let unit = ["systemd-run", "--user", "--wait", "--pipe", "--unit=jetond.service", "logger", "--journald"]
        #expect(try await other.run(unit, input: forged).status == 0)
        try await eventually("the forged records are in the journal") {
            try await agent.journal("JETON_EVENT=login_token.issued").count == 2
        }
        #expect(try await records(agent).map { $0["event"]?.stringValue } == Self.signingIn)
        // Root reads everybody's journal, and sees its own.
        let root = try await agent.user.manager.asRoot(agent.program, "audit")
        #expect(root.output.isEmpty, "\(root.output)")
    }

    @Test func `following it shows a record when it is written`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        let seen = "\(agent.user.home)/seen"
        try await agent.user.say(
            "systemd-run",
            "--user",
            "--property=StandardOutput=truncate:\(seen)",
            agent.program,
            "audit",
            "--follow"
        )
        try await eventually("the old record is shown") {
            try await agent.user.run(["cat", seen]).output.contains("account.login")
        }
        #expect(try await agent.mint(as: somebody).status == 0)
        try await eventually("the new record is shown") {
            try await agent.user.run(["cat", seen]).output.contains("login_token.issued")
        }
    }

    @Test func `who may not read the journal is told so, and what would help`() async throws {
        let agent = try await InstalledAgent.ready()
        // In a mount namespace of its own, where only the system's file is left.
        let script = """
            set -e
            folder=/var/log/journal/$(cat /etc/machine-id)
            mount -t tmpfs -o mode=755 tmpfs "$folder"
            touch "$folder/system.journal" && chmod 640 "$folder/system.journal"
            exec setpriv --reuid="$1" --regid="$1" --clear-groups "$2" audit
            """
        let uid = "\(agent.user.uid)"
        let manager = agent.user.manager
        let closed = try await manager.asRoot("unshare", "--mount", "sh", "-c", script, "-", uid, agent.program)
        #expect(closed.status == 1)
        #expect(closed.errors.contains("there is no user-\(uid).journal"), "\(closed.errors)")
        #expect(closed.errors.contains("systemd-journal"))
    }

    private static let signingIn = ["account.state", "account.login"]

    private func records(_ agent: InstalledAgent, _ arguments: String...) async throws -> [JSONValue] {
        let ended = try await agent.user.run([agent.program, "audit", "--json"] + arguments)
        try #require(ended.status == 0, "\(ended.errors)")
        return try ended.output.split(separator: "\n").map {
            try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8))
        }
    }
}
