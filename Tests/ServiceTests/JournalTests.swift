import Foundation
import JetonAPI
import TestSupport
import Testing

/// What the journal has of the agent.
@Suite(.needsUserManager) struct JournalTests {
    @Test func `logging in, minting and logging out leave records with fields, and no secret`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        let minted = try await agent.mint(as: somebody)
        #expect(minted.status == 0)
        let token = try JSONCoding.decoder().decode(GenerateLoginToken.Result.self, from: Data(minted.output.utf8))
        let record = try #require(try await agent.journal("JETON_EVENT=login_token.issued").last)
        #expect(record["JETON_ACCOUNT"] == somebody.id)
        #expect(record["JETON_TOKEN_ID"] == token.tokenId)
        #expect(record["_SYSTEMD_USER_UNIT"] == "jetond.service")
        #expect(record["JETON_PEER_UID"] == "\(agent.user.uid)")
        #expect(record["JETON_PEER_COMMAND"] == "jeton")
        #expect(record["SYSLOG_IDENTIFIER"] == "jetond")
        #expect(record["PRIORITY"] == "5")
        #expect(try await agent.jeton("logout").status == 0)
        for event in ["account.login", "account.logout"] {
            let records = try await agent.journal("JETON_EVENT=\(event)", "JETON_ACCOUNT=\(somebody.id)")
            #expect(records.count == 1, "\(event)")
        }
        try await agent.lookForSecretsInTheJournal()
    }
}
