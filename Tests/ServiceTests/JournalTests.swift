import Foundation
import JetonAPI
import TestSupport
import Testing

/// What the journal has of the agent.
@Suite(.needsUserManager) struct JournalTests {
    @Test func `promise 9: logging in, minting and logging out leave records with fields, and no secret`() async throws
    {
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
        #expect(try await agent.mint(as: somebody).status == 5)
        let limit = try #require(try await agent.journal("JETON_EVENT=rate_limit.hit").last)
        #expect(limit["JETON_ACCOUNT"] == somebody.id)
        #expect(limit["JETON_SCOPE"] == "local")
        #expect(limit["JETON_PEER_COMMAND"] == "jeton")
        // Found by its kind as well, whatever the message says.
        let kind = try #require(record["MESSAGE_ID"])
        #expect(try await agent.journal("MESSAGE_ID=\(kind)").count == 1)
        #expect(try await agent.jeton("logout").status == 0)
        for event in ["account.login", "account.logout"] {
            let records = try await agent.journal("JETON_EVENT=\(event)", "JETON_ACCOUNT=\(somebody.id)")
            #expect(records.count == 1, "\(event)")
        }
        try await agent.lookForSecretsInTheJournal()
    }

    @Test func `promise 9: a wrong password leaves a record of the denial, and not the password`() async throws {
        let agent = try await InstalledAgent.ready()
        let homeserver = try await DevHomeserverUnderTest()
        let somebody = try await agent.signIn(at: homeserver)
        let wrong = Canary.passwordMark + "wrong\n"
        #expect(try await agent.jeton("token", "--password-stdin", input: wrong).status == 4)
        let record = try #require(try await agent.journal("JETON_EVENT=login_token.denied").last)
        #expect(record["JETON_ACCOUNT"] == somebody.id)
        #expect(record["JETON_REASON"] == "auth_required")
        #expect(record["JETON_PEER_UID"] == "\(agent.user.uid)")
        try await agent.lookForSecretsInTheJournal()
    }
}
