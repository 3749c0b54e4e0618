import Foundation
import JetonAPI
import TestSupport
import Testing

/// New settings while the agent runs.
@Suite(.needsUserManager) struct ReloadTests {
    @Test func `a reload takes new settings in, and the session stays`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        let pid = try await agent.pid
        try await agent.user.write("{ limits: { login_token: { count: 7, per_ms: 1000 } } }", to: agent.configuration)
        for _ in 1...2 {
            try await agent.user.systemctl("reload", "jetond.service")
            try await eventually("the new limit holds") { try await limit(agent) == 7 }
        }
        #expect(try await agent.pid == pid)
        #expect(try await agent.call(GetAgentStatus()).accounts.map(\.userId) == [somebody.id])
        #expect(try await agent.property("ActiveState") == "active")
        #expect(try await agent.property("StatusText") == "Serving 1 account")
        #expect(try await !agent.journal("JETON_EVENT=agent.reloaded").isEmpty)
    }

    @Test func `settings with a mistake are refused with its line, and the old ones stay`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.write("{ limits: { login_token: { count: 7, per_ms: 1000 } } }", to: agent.configuration)
        _ = try await agent.signIn(at: DevHomeserverUnderTest())
        let pid = try await agent.pid
        try await agent.user.write("{\n  limits: {\n    login_token: 8,\n  },\n}", to: agent.configuration)
        let reload = try await agent.user.run(["systemctl", "--user", "reload", "jetond.service"])
        #expect(reload.status != 0)
        let mistake = "config.json5, line 3, column 18: limits.login_token must be"
        try await eventually("it says where") {
            try await agent.said(by: "jetond").contains { $0.contains(mistake) }
        }
        // The agent itself refuses it as well, whoever sends the signal.
        try await agent.user.say("kill", "-HUP", "\(pid)")
        try await eventually("it has looked") { try await !agent.journal("JETON_EVENT=agent.reload_refused").isEmpty }
        #expect(try await agent.pid == pid)
        #expect(try await limit(agent) == 7)
        #expect(try await agent.property("ActiveState") == "active")
    }

    @Test func `in the sandbox root's settings below etc hold, and somebody else's do not`() async throws {
        let agent = try await InstalledAgent.ready()
        let site = "/etc/jeton-\(agent.user.name).json5"
        let link = "\(agent.user.home)/.config/jeton/config.d/site.json5"
        let settings = "{ limits: { login_token: { count: 7, per_ms: 1000 } } }"
        try await agent.user.manager.asRoot("tee", site, input: settings)
        try await agent.user.say("mkdir", "-p", "\(agent.user.home)/.config/jeton/config.d")
        try await agent.user.say("ln", "-s", site, link)
        _ = try await agent.signIn(at: DevHomeserverUnderTest())
        #expect(try await limit(agent) == 7)
        try await agent.user.say("rm", link)
        try await agent.user.write(settings.replacing("7", with: "8"), to: link)
        try await agent.user.manager.asRoot("chown", "65533", link)
        try await agent.user.say("kill", "-HUP", "\(agent.pid)")
        try await eventually("it has looked") { try await !agent.journal("JETON_EVENT=agent.reload_refused").isEmpty }
        let said = try await agent.said(by: "jetond")
        let refusal = "site.json5: belongs to root or to a user that the sandbox does not show, not to you"
        #expect(said.contains { $0.contains(refusal) }, "\(said)")
        #expect(try await limit(agent) == 7)
    }

    private func limit(_ agent: InstalledAgent) async throws -> Int? {
        try await agent.call(GetRateLimitStatus()).limits.first { $0.name == .loginToken }?.count
    }
}
