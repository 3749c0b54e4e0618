import Foundation
import JetonAPI
import TestSupport
import Testing

/// Kill -9 at every step on the way from plain to encrypted, to another key, and back.
@Suite(.timeLimit(.minutes(30)))
struct StoreKillTests {
    /// Far beyond what such a change takes, so that one without end is noticed.
    private static let mostSteps = 200

    enum Change: String, CaseIterable, Sendable {
        case encrypt, rekey, decrypt

        var isOfEncrypted: Bool { self != .encrypt }
    }

    @Test(
        .enabled(if: getuid() == 0, "SKIPPED: only root can trace a program that hides its memory"),
        arguments: Change.allCases
    )
    func `promise 5: kill -9 at any step of a change of the storage loses nothing`(_ change: Change) async throws {
        let key = try ScratchFolder()
        try key.write("canary-key-of-more-than-32-bytes-0001", to: "store-key")
        let homeserver = try await HomeserverKind.devHomeserver.homeserver(.asking)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(environment: ["CREDENTIALS_DIRECTORY": key.path]).start()
        agent.companion = homeserver
        let device = try await agent.logIn(user, at: homeserver.address).deviceId
        let token = try await agent.mint(for: user).tokenId
        if !change.isOfEncrypted { _ = try await agent.call(DecryptStore()) }
        try await agent.stop()
        let files = FileManager.default
        let before = agent.folder.file("before")
        try files.copyItem(atPath: agent.state, toPath: before)

        var killed = 0
        while true {
            try files.removeItem(atPath: agent.state)
            try files.copyItem(atPath: before, toPath: agent.state)
            if try await self.change(agent, change, killedAt: killed + 1) { break }
            killed += 1
            let steps = try steps(of: agent)
            #expect(steps.count == killed, "it died where it was to: \(steps)")
            agent.runner = []
            try await agent.start()
            #expect(try await agent.call(ListAccounts()).accounts.map(\.deviceId) == [device], "step \(killed)")
            #expect(try await agent.call(ListLoginTokens()).tokens.map(\.tokenId) == [token], "step \(killed)")
            let storage = try await agent.call(GetStoreStatus()).storage
            try await agent.stop()
            for name in try files.contentsOfDirectory(atPath: agent.state) {
                let text = String(decoding: files.contents(atPath: "\(agent.state)/\(name)") ?? Data(), as: UTF8.self)
                #expect(!name.hasSuffix(".new"), "what was half written is swept up")
                #expect(storage == .plain || Canary.secrets(in: text).isEmpty, "\(name) lies open, step \(killed)")
            }
            try #require(killed < Self.mostSteps)
        }
        // Each file in between the two of the head; the agent may have other reasons to write one.
        let steps = try steps(of: agent)
        let renames = steps.filter { $0.hasPrefix("rename .") }.map { String($0.dropFirst("rename .".count)) }
        let moved = [user.id + ".account.json.new", "mints.jsonl.new"]
        let begun = try #require(renames.firstIndex(of: "store.json.new"), "\(renames)")
        let ended = try #require(renames.lastIndex(of: "store.json.new"), "\(renames)")
        #expect(begun < ended && Set(renames[begun..<ended]).isSuperset(of: moved), "\(renames)")
        print("Kill -9 at each of \(killed) steps of \(change.rawValue).")
    }

    private func steps(of agent: AgentUnderTest) throws -> [String] {
        try String(contentsOfFile: agent.folder.file("steps"), encoding: .utf8).split(separator: "\n").map(String.init)
    }

    /// Makes the change under a tracer.
    /// - Returns: whether all steps were taken; false: the agent was killed in front of one.
    private func change(_ agent: AgentUnderTest, _ change: Change, killedAt step: Int) async throws -> Bool {
        agent.runner = [
            "\(Programs.repository)/Tests/TestSupport/step-by-step", "--kill", "\(step)", #""result":{}"#,
            #""store_key":"available""#, agent.folder.file("steps"),
        ]
        do {
            try await agent.start()
            switch change {
            case .encrypt: _ = try await agent.call(EncryptStore())
            case .rekey: _ = try await agent.call(RekeyStore())
            case .decrypt: _ = try await agent.call(DecryptStore())
            }
        } catch {
            let status = try await agent.ended()
            guard status == 137 else { throw Unexpected("\(error), and the agent ended with \(status)") }
            return false
        }
        // It may have died after its answer had gone out.
        agent.send(SIGTERM)
        return try await agent.ended() == 0
    }
}
