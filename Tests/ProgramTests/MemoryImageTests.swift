import Foundation
import JetonAPI
import TestSupport
import Testing

/// What the agent's memory holds after it was used, looked at as root does. Copies of Swift's strings of up to 15 bytes
/// lie on stacks, where nothing can overwrite them: passwords here are longer, as tokens are anyway.
@Suite(.enabled(if: geteuid() == 0, "SKIPPED: only root can read the memory of a program that hides it"))
struct MemoryImageTests {
    /// Waits until the memory of the agent holds nothing of these. What a connection that is open holds of them counts,
    /// so it must take less time than the homeserver's are kept.
    private func requireGone(_ secrets: [String], from agent: AgentUnderTest, after what: String) async throws {
        try await eventually("nothing is left after \(what)", within: .seconds(12)) {
            try await counts(of: secrets, in: agent).allSatisfy { $0 == 0 }
        }
    }

    /// How often each of these is in the agent's memory: there is much of it to look through.
    private func counts(of texts: [String], in agent: AgentUnderTest) async throws -> [Int] {
        let pid = agent.pid
        return try await onThread {
            let image = try ProcessImage(of: pid)
            return texts.map { image.count(of: $0) }
        }
    }

    private func tokens(of user: TestUser, _ agent: AgentUnderTest) throws -> [String] {
        let file = try String(contentsOfFile: "\(agent.state)/\(user.id).account.json", encoding: .utf8)
        return file.matches(of: /"(?:access|refresh)_token":"([^"]+)"/).map { String($0.output.1) }
    }

    @Test(arguments: HomeserverKind.available)
    func `promise 11: no password and no login token stays in the agent's memory`(kind: HomeserverKind) async throws {
        let (agent, user, _) = try await signedIn(kind)
        try await requireGone([user.password], from: agent, after: "signing in by password")

        // Over a connection that stays, as its buffers do.
        let client = try LineClient(agent)
        client.request("1", GenerateLoginToken.name)
        let asked = try await onThread { try client.next()["error"]?["data"] }
        let challenge = try #require(asked?["challenge"]?.stringValue)
        let auth = try JSONEncoder().encode(["auth": user.auth(challenge)])
        client.request("2", GenerateLoginToken.name, String(decoding: auth, as: UTF8.self))
        let minted = try await onThread { try client.next()["result"] }
        let token = try #require(minted?["login_token"]?.stringValue)
        try await requireGone([user.password, token], from: agent, after: "minting")
        client.close()
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `promise 11: tokens that were replaced do not stay in the agent's memory, the current ones do`(
        kind: HomeserverKind
    ) async throws {
        let (agent, user, _) = try await signedIn(kind)
        let old = try tokens(of: user, agent)
        _ = try await agent.call(RefreshAccount())
        let new = try tokens(of: user, agent)
        try #require(old.count == 2 && new.count == 2 && Set(old).isDisjoint(with: new))
        try await requireGone(old, from: agent, after: "a renewal")
        #expect(try await counts(of: new, in: agent).allSatisfy { $0 > 0 })

        _ = try await agent.call(LogOut())
        try await requireGone(new, from: agent, after: "signing out")
        try await agent.stop()
    }

    @Test func `promise 11: while a request waits, its password is in memory once`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let challenges = [try await agent.challenge(), try await agent.challenge()]
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenges[0])))
        let client = try LineClient(agent)
        let auth = String(decoding: try JSONEncoder().encode(user.auth(challenges[1])), as: UTF8.self)
        client.request("1", GenerateLoginToken.name, #"{"wait_ms":600000,"auth":\#(auth)}"#)
        try await eventually("it is there alone") { try await counts(of: [user.password], in: agent) == [1] }
        client.close()
        try await requireGone([user.password], from: agent, after: "a withdrawal")
        try await agent.stop()
    }

    @Test func `promise 11: what was entered at the agent's own prompt does not stay`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let prompt = try await PromptUnderTest("pin:\(user.password)")
        let agent = try await AgentUnderTest(arguments: ["--prompt-socket", prompt.socket]).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        let token = try await agent.call(GenerateLoginToken(prompt: .agent)).loginToken.reveal()
        try await requireGone([user.password, token], from: agent, after: "a minting by prompt")
        try await agent.stop()
    }
}
