import Foundation
import JetonAPI
import TestSupport
import Testing

/// Whose yes counts, where systemd knows who is who.
@Suite(.needsUserManager, .timeLimit(.minutes(5))) struct ConsentServiceTests {
    private static let run = ["systemd-run", "--user", "--quiet", "--wait", "--pipe", "--collect"]

    @Test func `a yes from the unit that asks counts for nothing, one from a log-in session does`() async throws {
        let (agent, somebody, homeserver) = try await PromptServiceTests.ready("hang")
        let refused = "\(agent.user.home)/refused"
        // Both are started by a shell in the unit, and neither by the other.
        let script = """
            "$1" token & until id=$("$1" rpc consent.list | grep -o 'q-[A-Za-z0-9_-]*'); do sleep 0.05; done
            "$1" rpc consent.approve "{\\"consent_id\\":\\"$id\\"}" 2>"$2.new"; mv "$2.new" "$2"; wait
            """
        let unit = Self.run + ["--unit=mail", "sh", "-c", script, "-", agent.program, refused]
        async let minted = agent.user.run(unit)
        try await eventually("it has tried") { try await agent.user.run(["test", "-e", refused]).status == 0 }
        #expect(try await agent.user.say("cat", refused).contains("cannot agree in your place"))
        let consent = try #require(try await agent.call(ListConsents()).consents.first)
        #expect(consent.requester?.unit == "mail.service")
        #expect(await homeserver.mintRequests(of: somebody) == 1)
        _ = try await agent.call(ApproveConsent(consentId: consent.consentId))
        let token = try await minted.output.trimmingCharacters(in: .newlines)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).status == 200)
        let record = try #require(try await agent.journal("JETON_EVENT=consent.granted").last)
        #expect(record["JETON_PEER_SESSION"] != nil && record["JETON_PEER_UNIT"] == nil)
        #expect(record["JETON_ACCOUNT"] == somebody.id)
        try await agent.lookForSecretsInTheJournal()
    }

    @Test func `a yes from the session that asks counts for nothing, one from a unit does`() async throws {
        let (agent, somebody, homeserver) = try await PromptServiceTests.ready("hang")
        async let minted = agent.jeton("token")
        try await eventually("a question waits") { try await !agent.call(ListConsents()).consents.isEmpty }
        let consent = try #require(try await agent.call(ListConsents()).consents.first)
        #expect(consent.requester?.session != nil && consent.requester?.unit == nil)
        let approve = [agent.program, "rpc", ApproveConsent.name, #"{"consent_id":"\#(consent.consentId)"}"#]
        let refused = try await agent.user.run(approve)
        #expect(refused.status == 4)
        #expect(refused.errors.contains("cannot agree in your place"), "\(refused.errors)")
        #expect(await homeserver.mintRequests(of: somebody) == 1)
        let approved = try await agent.user.run(Self.run + approve)
        #expect(approved.status == 0, "\(approved.errors)")
        let token = try await minted
        #expect(token.status == 0, "\(token.errors)")
    }

    @Test func `a lock outlasts the service, and is opened by a yes from elsewhere`() async throws {
        let agent = try await InstalledAgent.ready()
        try await agent.user.systemctl("disable", "--now", "jeton-prompt.socket")
        #expect(try await agent.jeton("lock").status == 0)
        try await agent.user.systemctl("kill", "--signal=KILL", "jetond.service")
        try await agent.user.systemctl("restart", "jetond.service")
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [.user])
        #expect(try await agent.jeton("unlock").status == 8)
        // Somebody who waits to be asked, in a unit of their own.
        let log = "\(agent.user.home)/told"
        let listen = #""$1" events --types consent.requested >"$2""#
        try await agent.user.say(
            "systemd-run",
            "--user",
            "--quiet",
            "--collect",
            "sh",
            "-c",
            listen,
            "-",
            agent.program,
            log
        )
        async let unlocked = agent.jetonUnlocks()
        try await eventually("the question waits") { try await !agent.call(ListConsents()).consents.isEmpty }
        let consent = try #require(try await agent.call(ListConsents()).consents.first)
        #expect(consent.wants == .unlock)
        let approve = [agent.program, "rpc", ApproveConsent.name, #"{"consent_id":"\#(consent.consentId)"}"#]
        #expect(try await agent.user.run(approve).status == 4)
        #expect(try await agent.user.run(Self.run + approve).status == 0)
        #expect(try await unlocked.output == "Unlocked.\n")
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [])
        #expect(try await agent.user.say("cat", log).contains("consent.requested"))
    }
}

extension InstalledAgent {
    /// Asks to unlock until somebody waits for the question.
    fileprivate func jetonUnlocks() async throws -> Ended {
        var ended = try await jeton("unlock")
        while ended.status == 8 { ended = try await jeton("unlock") }
        return ended
    }
}
