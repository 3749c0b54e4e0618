import Foundation
import JetonAPI
import TestSupport
import Testing

/// Encrypted state, as those see it who use the agent.
struct StoreTests {
    let key: ScratchFolder

    init() throws {
        key = try ScratchFolder()
        try put("canary-key-of-more-than-32-bytes-0001")
    }

    private func put(_ text: String) throws { try key.write(text, to: "store-key") }

    private func agent(_ configuration: String? = nil) throws -> AgentUnderTest {
        try AgentUnderTest(configuration: configuration, environment: ["CREDENTIALS_DIRECTORY": key.path])
    }

    private func signedIn(_ configuration: String? = nil) async throws -> (AgentUnderTest, TestUser) {
        let homeserver = try await HomeserverKind.devHomeserver.homeserver(.asking)
        let user = try await homeserver.newUser()
        let agent = try await agent(configuration).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        return (agent, user)
    }

    /// What lies in the state folder, all of it.
    private func stateText(_ agent: AgentUnderTest) throws -> String {
        try FileManager.default.contentsOfDirectory(atPath: agent.state)
            .map { FileManager.default.contents(atPath: "\(agent.state)/\($0)") ?? Data() }
            .map { String(decoding: $0, as: UTF8.self) }
            .joined(separator: "\n")
    }

    @Test func `promise 15: with a key nothing secret lies on the disk, and the agent says so`() async throws {
        let (agent, user) = try await signedIn()
        _ = try await agent.mint(for: user, purpose: "a very private purpose")
        let text = try stateText(agent)
        #expect(Canary.secrets(in: text).isEmpty)
        #expect(!text.contains("private purpose"))
        #expect(try await agent.call(GetAgentStatus()).protections.storage == .encrypted)
        #expect(try await agent.jeton("status").output.contains("sessions encrypted on disk"))
        #expect(try await agent.jeton("doctor").output.contains("sessions are encrypted on the disk"))
        try await agent.stop()
        try await agent.start()
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [user.id])
        #expect(try await agent.call(ListLoginTokens()).tokens.map(\.purpose) == ["a very private purpose"])
        try await agent.stop()
    }

    @Test func `jeton store takes the state from plain to encrypted, under a new key, and back`() async throws {
        let (agent, user) = try await signedIn()
        var ended = try await agent.jeton("store", "decrypt")
        #expect(ended.output == "Sessions lie in plain files, until `jeton store encrypt`.\n", "\(ended.errors)")
        #expect(!Canary.secrets(in: try stateText(agent)).isEmpty)
        #expect(try await agent.jeton("doctor").output.contains("jeton store encrypt"))
        ended = try await agent.jeton("store", "rekey")
        #expect(ended.status == 1 && ended.errors.contains("is not encrypted; `jeton store encrypt` does that"))
        ended = try await agent.jeton("store", "encrypt")
        #expect(ended.output == "Sessions are encrypted on the disk.\n", "\(ended.errors)")
        let first = try stateText(agent)
        #expect(Canary.secrets(in: first).isEmpty)
        ended = try await agent.jeton("store", "rekey")
        #expect(ended.output == "Sessions are encrypted under a new key.\n", "\(ended.errors)")
        #expect(try stateText(agent) != first)
        ended = try await agent.jeton("store")
        #expect(ended.output == "On the disk: encrypted\nSetting:     storage: \"auto\"\nKey:         there\n")
        try await agent.stop()
        try await agent.start()
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [user.id])
        for event in ["store.decrypted", "store.encrypted", "store.rekeyed"] { #expect(agent.logText.contains(event)) }
        try await agent.stop()
    }

    @Test(arguments: [
        ("none", "its key is missing: the agent has no credential store-key"),
        ("", "its key is missing: whoever provides the credential store-key gave nothing"),
        ("error:locked", "its key is missing: your keyring is locked; unlock it. Then start the agent again"),
        ("error:absent", "no keyring answers on your session bus"),
        ("canary-another-key-of-more-than-32-bytes", "is encrypted under another key"),
    ])
    func `promise 15: without its key the agent does not start, says why, and loses nothing`(
        _ content: String,
        _ sentence: String
    ) async throws {
        let (agent, user) = try await signedIn()
        try await agent.stop()
        let before = try stateText(agent)
        try put(content)
        let ended = try await agent.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("\(agent.state)/store.json: "))
        #expect(ended.errors.contains(sentence), "\(ended.errors)")
        try put("canary-key-of-more-than-32-bytes-0001")
        try await agent.start()
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [user.id])
        #expect(Canary.secrets(in: before).isEmpty)
        try await agent.stop()
    }

    @Test func `without a key, what the setting forbids is refused`() async throws {
        try put("none")
        let strict = try agent("{ storage: 'encrypted' }")
        let ended = try await strict.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("cannot be encrypted: the agent has no credential store-key"), "\(ended.errors)")

        // A provider that ended without a word is none of those that say they have no key.
        try put("")
        #expect(try await agent().failToStart().errors.contains("is to be encrypted, and the key is missing"))
        try put("error:absent")
        let usual = try agent()
        #expect(try await usual.failToStart().errors.contains("no keyring answers"))
        let open = try await agent("{ storage: 'plain' }").start()
        #expect(try await open.call(GetStoreStatus()).storage == .plain)
        #expect(try await open.refusal(of: EncryptStore()).kind == .forbidden)
        let status = try await open.jeton("store", "status", "--json")
        #expect(status.output.contains("no keyring answers"), "\(status.output)")
        try await open.stop()
    }

    @Test func `what is to be encrypted always cannot be decrypted by a word`() async throws {
        let (agent, _) = try await signedIn("{ storage: 'encrypted' }")
        #expect(try await agent.refusal(of: DecryptStore()).message.contains("storage: \"encrypted\""))
        #expect(try await agent.call(GetStoreStatus()).storage == .encrypted)
        try await agent.stop()
    }
}
