import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Who asks, as systemd knows them.
@Suite(.needsUserManager, .timeLimit(.minutes(5))) struct RequesterTests {
    @Test func `a record names the unit that asked, and a requester's limit holds for that unit alone`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let limits = "{login_token: {count: 9, per_ms: 60000}, requester: {count: 1, per_ms: 3600000}}"
        try await agent.user.write("{consent: 'none', limits: \(limits)}", to: agent.configuration)
        _ = try await agent.signIn(at: homeserver)
        #expect(try await mint(agent, in: "mail") == 0)
        #expect(try await last("login_token.issued", agent)["JETON_PEER_UNIT"] == "mail.service")
        #expect(try await mint(agent, in: "mail") == 5)
        let hit = try await last("rate_limit.hit", agent)
        #expect(hit["JETON_PEER_UNIT"] == "mail.service")
        #expect(hit["JETON_PEER_COMMAND"] == "jeton")
        #expect(try await mint(agent, in: "backup") == 0)
        #expect(try await last("login_token.issued", agent)["JETON_PEER_UNIT"] == "backup.service")
        // A restart forgives nobody.
        try await agent.user.systemctl("restart", "jetond.service")
        #expect(try await mint(agent, in: "mail") == 5)
        #expect(try await mint(agent, in: "third") == 0)
        // In the ledger too, newest first.
        let units = try await agent.call(ListLoginTokens()).tokens.map(\.requester.unit)
        #expect(units == ["third.service", "backup.service", "mail.service"])
    }

    /// The exit status of `jeton token` in a unit of its own.
    private func mint(_ agent: InstalledAgent, in unit: String) async throws -> Int32 {
        let run = ["systemd-run", "--user", "--quiet", "--wait", "--pipe", "--collect", "--unit=\(unit)"]
        return try await agent.user.run(run + [agent.program, "token", "--json"]).status
    }

    private func last(_ event: String, _ agent: InstalledAgent) async throws -> [String: String] {
        try #require(try await agent.journal("JETON_EVENT=\(event)").last)
    }
}
