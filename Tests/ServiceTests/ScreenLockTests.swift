import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// The lock of the user's screen, by a real logind.
@Suite(.needsUserManager) struct ScreenLockTests {
    @Test func `promise 14: while the screen is locked nothing is minted, and everybody is told why`() async throws {
        let (agent, session) = try await InstalledAgent.atDesktop()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [])
        try await agent.setLocked(session, true)
        let before = await homeserver.server.seenRequests.count
        let refused = try await agent.jeton("rpc", "login_token.generate")
        #expect(refused.status == 3)
        let mint = try await agent.mint(as: somebody)
        #expect(mint.status == 3)
        let error = try JSONDecoder().decode(JSONValue.self, from: Data(mint.errors.utf8))["error"]
        #expect(error?["code"] == -32012)
        #expect(error?["data"]?["kind"] == "locked")
        #expect(error?["message"]?.stringValue?.contains("unlock your screen") == true)
        #expect(await homeserver.server.seenRequests.count == before)
        #expect(try await agent.jeton("status").output.contains("Locked by:   screen; unlock your screen"))
        // Everything else goes on.
        #expect(try await agent.jeton("accounts").status == 0)
        #expect(try await agent.jeton("support").status == 0)

        try await agent.setLocked(session, false)
        #expect(try await agent.mint(as: somebody).status == 0)
        for event in ["agent.locked", "agent.unlocked"] {
            let record = try #require(try await agent.journal("JETON_EVENT=\(event)").last)
            let kind = try #require(record["MESSAGE_ID"])
            #expect(try await agent.journal("MESSAGE_ID=\(kind)").count == 1)
        }
        let denial = try #require(try await agent.journal("JETON_EVENT=login_token.denied").last)
        #expect(denial["JETON_REASON"] == "locked")
        try await agent.lookForSecretsInTheJournal()
    }

    @Test func `a desktop that says of itself that it is locked locks too, and unlocks`() async throws {
        let (agent, session) = try await InstalledAgent.atDesktop()
        try await agent.setLockedHint(of: session, true)
        try await agent.isLocked()
        try await agent.setLockedHint(of: session, false)
        try await agent.isUnlocked()
        // As desktops do that are told: the end of the hint is the end of the lock.
        try await agent.setLocked(session, true)
        try await agent.setLockedHint(of: session, true)
        try await agent.setLockedHint(of: session, false)
        try await agent.isUnlocked()
    }

    @Test func `a session that ends takes its lock along`() async throws {
        let (agent, session) = try await InstalledAgent.atDesktop()
        try await agent.setLocked(session, true)
        try await agent.user.manager.asRoot("systemctl", "stop", agent.desktop)
        try await agent.isUnlocked()
    }

    @Test func `who sits at another desktop has no locked screen in front of them`() async throws {
        let (agent, first) = try await InstalledAgent.atDesktop()
        try await agent.setLocked(first, true)
        let second = try await agent.user.beginDesktop(unit: "\(agent.user.name)-second")
        try await agent.isUnlocked()
        try await agent.setLocked(second, true)
        try await agent.user.manager.asRoot("systemctl", "stop", agent.desktop)
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [.screen])
        try await agent.setLocked(second, false)
    }

    @Test func `without any desktop the session counts that logind elects`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.follow()
        let session = try #require(try await agent.user.sessions.first)
        try await agent.setLocked(session, true)
        try await agent.setLocked(session, false)
    }

    @Test func `whoever does not want it sets lock_with_screen, and a reload takes it in`() async throws {
        let (agent, session) = try await InstalledAgent.atDesktop()
        try await agent.setLocked(session, true)
        try await agent.user.write("{ lock_with_screen: false }", to: agent.configuration)
        try await agent.user.systemctl("reload", "jetond.service")
        try await agent.isUnlocked()
        try await eventually("it is told") { try await agent.journal("JETON_EVENT=agent.unlocked").count == 1 }
        try await agent.user.write("{ lock_with_screen: true }", to: agent.configuration)
        try await agent.user.systemctl("reload", "jetond.service")
        try await agent.isLocked()
    }

    @Test func `the screen is asked for anew at each start`() async throws {
        let (agent, session) = try await InstalledAgent.atDesktop()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        try await agent.setLockedHint(of: session, true)
        try await agent.isLocked()
        // Whoever comes first waits for the answer.
        try await agent.user.systemctl("restart", "jetond.service")
        #expect(try await agent.mint(as: somebody).status == 3)
        try await agent.user.systemctl("stop", "jetond.service")
        try await agent.setLockedHint(of: session, false)
        #expect(try await agent.mint(as: somebody).status == 0)
    }

    @Test func `what other people do wakes nobody`() async throws {
        let (agent, _) = try await InstalledAgent.atDesktop()
        try await agent.dropIn("watchdog", "[Service]\nWatchdogSec=0\n")
        try await agent.followsAnew { try await agent.user.systemctl("restart", "jetond.service") }
        let stranger = try await agent.user.manager.newUser()
        try await eventually("it sleeps", within: .seconds(60)) {
            let before = try await agent.wakeUps
            // So long that what it still had to do shows, and not only what the stranger makes it do.
            try await Task.sleep(for: .seconds(2))
            let session = try await stranger.beginDesktop(unit: "\(stranger.name)-\(before)")
            try await stranger.say("loginctl", "lock-session", session)
            try await agent.user.manager.asRoot("systemctl", "stop", "\(stranger.name)-\(before)")
            return try await agent.wakeUps == before
        }
    }

    @Test func `signals of other people, who are not logind, say nothing`() async throws {
        let (agent, session) = try await InstalledAgent.atDesktop()
        try await agent.setLocked(session, true)
        try await agent.setLocked(session, false)
        let stranger = try await agent.user.manager.newUser()
        // The bus lets anybody send a signal straight to anybody.
        let path = try await agent.path(of: session)
        let list = try await agent.user.say("busctl", "--system", "--no-pager", "--no-legend", "list")
        let pid = try await agent.pid
        let rows = list.split(separator: "\n").map { $0.split(separator: " ") }
        let name = try #require(rows.first { $0.count > 1 && $0[1] == "\(pid)" }?.first)
        let dbusSend = ["dbus-send", "--system", "--type=signal", "--dest=\(name)", path]
        func pretend(_ members: String...) async throws {
            for member in members {
                let sent = try await stranger.run(dbusSend + ["org.freedesktop.login1.Session.\(member)"])
                #expect(sent.status == 0, "\(sent.errors)")
            }
        }
        try await pretend("Lock", "Unlock")
        // What logind says comes later, and is heard.
        try await agent.setLocked(session, true)
        try await pretend("Unlock", "Lock")
        try await agent.setLocked(session, false)
        #expect(try await agent.journal("JETON_EVENT=agent.locked").count == 2)
        #expect(try await agent.journal("JETON_EVENT=agent.unlocked").count == 2)
    }
}

/// What disturbs everybody under the same logind.
@Suite(.needsUserManager) struct LogindTests {
    @Test func `a restart of logind, or of the bus, opens no locked screen, and what comes after it is heard`()
        async throws
    {
        let manager = try await UserManager.own()
        let (agent, told) = try await InstalledAgent.atDesktop(under: manager)
        try await agent.setLocked(told, true)
        for service in ["systemd-logind.service", "dbus.service", "systemd-logind.service"] {
            try await agent.followsAnew { try await manager.asRoot("systemctl", "restart", service) }
            #expect(try await agent.call(GetAgentStatus()).lockedBy == [.screen], "\(service)")
        }
        try await agent.setLocked(told, false)
        // logind forgets the hint; the desktop has no reason to say it again.
        try await agent.setLockedHint(of: told, true)
        try await agent.isLocked()
        try await agent.followsAnew { try await manager.asRoot("systemctl", "restart", "systemd-logind.service") }
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [.screen])
        try await agent.setLocked(told, false)
        #expect(try await agent.journal("JETON_EVENT=agent.locked").count == 2)
        try await manager.stop()
    }

    @Test func `where the bus stays away nobody is kept from working, and one that comes back is heard`() async throws {
        let manager = try await UserManager.own()
        let (agent, session) = try await InstalledAgent.atDesktop(under: manager)
        try await agent.setLocked(session, true)
        try await manager.asRoot("systemctl", "stop", "dbus.socket", "dbus.service")
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [.screen])
        try await eventually("the lock is no longer believed", within: .seconds(60)) {
            try await agent.call(GetAgentStatus()).lockedBy == []
        }
        // logind was stopped along with it.
        try await manager.asRoot("systemctl", "start", "dbus.socket", "systemd-logind.service")
        // Nobody has unlocked it since.
        try await eventually("it is heard of again", within: .seconds(60)) {
            try await agent.call(GetAgentStatus()).lockedBy == [.screen]
        }
        try await manager.stop()
    }

    @Test func `a machine that wakes has its sessions renewed at once`() async throws {
        let manager = try await UserManager.own()
        let agent = try await InstalledAgent.ready(under: manager)
        let homeserver = try await DevHomeserverUnderTest { $0.accessTokenLifetime = .seconds(2) }
        _ = try await agent.signIn(at: homeserver)
        await homeserver.server.stop()
        try await eventually("it has failed often enough to wait for long", within: .seconds(90)) {
            try await agent.call(GetMetrics()).renewalsFailed >= 6
        }
        _ = try await homeserver.server.start()
        let before = try await agent.call(GetMetrics())
        // The next try is 16 to 32 s away, and no news of the network comes.
        let began = ContinuousClock.now
        let suspended = try await manager.asRoot("systemctl", "suspend")
        #expect(suspended.status == 0, "\(suspended.errors)")
        try await eventually("it is renewed") {
            try await agent.call(GetMetrics()).renewalsDone > before.renewalsDone
        }
        #expect(began.duration(to: .now) < .seconds(14))
        #expect(try await agent.call(ListAccounts()).accounts.first?.state == .active)
        try await manager.stop()
    }
}

extension InstalledAgent {
    fileprivate func isLocked() async throws {
        try await eventually("the agent is locked") { try await call(GetAgentStatus()).lockedBy == [.screen] }
    }

    fileprivate func isUnlocked() async throws {
        try await eventually("the agent is unlocked") { try await call(GetAgentStatus()).lockedBy == [] }
    }

    /// As the user does by a key, or a desktop that was left alone.
    fileprivate func setLocked(_ session: String, _ isLocked: Bool) async throws {
        try await user.say("loginctl", isLocked ? "lock-session" : "unlock-session", session)
        if isLocked { try await self.isLocked() } else { try await isUnlocked() }
    }

    fileprivate func path(of session: String) async throws -> String {
        let login = "org.freedesktop.login1"
        let said = try await user.say(
            "busctl",
            "--system",
            "call",
            login,
            "/org/freedesktop/login1",
            "\(login).Manager",
            "GetSession",
            "s",
            session
        )
        return String(said.dropFirst("o \"".count).dropLast())
    }

    fileprivate func setLockedHint(of session: String, _ isLocked: Bool) async throws {
        let (login, path) = ("org.freedesktop.login1", try await path(of: session))
        try await user.say(
            "busctl",
            "--system",
            "call",
            login,
            path,
            "\(login).Session",
            "SetLockedHint",
            "b",
            "\(isLocked)"
        )
    }

    /// Does something after which the agent asks for all of it again, and waits until it has its answers.
    fileprivate func followsAnew(_ work: () async throws -> Void) async throws {
        func answers() async throws -> Int {
            try await journal("_SYSTEMD_USER_UNIT=jetond.service").count {
                $0["MESSAGE"]?.hasPrefix("the screen is known") == true
            }
        }
        let before = try await answers()
        try await work()
        try await eventually("logind has answered") { try await answers() > before }
    }

    /// How often its threads have waited for something and got it (proc(5)), but for the one by which libdispatch counts
    /// its threads each second.
    fileprivate var wakeUps: Int {
        get async throws {
            let script = #"""
                for thread in /proc/$0/task/*; do
                    case $(cat "$thread/comm") in *.overcommit) continue ;; esac
                    sed -n 's/^voluntary_ctxt_switches:\t//p' "$thread/status"
                done
                """#
            let counts = try await user.manager.asRoot("bash", "-c", script, "\(try await pid)").output
            return counts.split(separator: "\n").reduce(0) { $0 + (Int($1) ?? 0) }
        }
    }

    /// Starts it, and waits until it knows how the screen is.
    fileprivate func follow() async throws {
        let program = "\(user.home)/.local/bin/jetond"
        try await dropIn("debug", "[Service]\nExecStart=\nExecStart=\(program) --log-level debug\n")
        try await followsAnew { try await user.systemctl("start", "jetond.service") }
    }

    fileprivate var desktop: String { "\(user.name)-desktop" }

    /// An agent that runs, of somebody at a desktop.
    fileprivate static func atDesktop(under manager: UserManager? = nil) async throws -> (InstalledAgent, String) {
        let agent = try await ready(under: manager)
        let session = try await agent.user.beginDesktop(unit: agent.desktop)
        try await agent.follow()
        return (agent, session)
    }
}
