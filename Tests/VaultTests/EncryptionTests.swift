import FoundationEssentials
import JetonAPI
import Testing

@testable import Vault

/// A folder with a file and a log, and the keys to it.
struct EncryptionTests {
    private struct Session: Codable, Sendable, Equatable {
        var userId: String
        var accessToken: Secret
    }

    private struct Step: Codable, Sendable, Equatable { var purpose: String }

    private let temporary: TemporaryFolder
    private let session = Session(userId: "@a:b", accessToken: Secret("syt_precious"))
    private let steps = ["one", "two", "three"].map(Step.init)

    private static let key = StoreCredential(Array("an-administrator's-random-key-of-32".utf8))
    private static let other = StoreCredential(Array("another-administrator's-random-key-32".utf8))
    private static let locked = StoreCredential(Array("error:locked".utf8))

    init() throws { temporary = try TemporaryFolder() }

    private func file(_ folder: StateFolder, _ name: String = "a.account.json") -> StateFile<Session> {
        StateFile(name, in: folder)
    }

    private func log(_ folder: StateFolder) -> StateLog<Step> { StateLog("l.jsonl", in: folder) }

    private func fill(_ folder: StateFolder) async throws {
        try await file(folder).save(session)
        try await log(folder).replace(with: [steps[0]])
        for step in steps.dropFirst() { try await log(folder).append(step, until: .machine) }
    }

    /// A folder with everything in it.
    private func filled(_ setting: StorageSetting = .auto, _ credential: StoreCredential) async throws -> StateFolder {
        let folder = try StateFolder(path: "\(temporary.path)/state", setting: setting, credential: credential)
        try await fill(folder)
        return folder
    }

    /// The folder as another agent finds it; the first one keeps its lock until the process ends.
    private func next(
        _ former: StateFolder,
        _ setting: StorageSetting = .auto,
        _ credential: StoreCredential = key
    ) throws -> StateFolder {
        try StateFolder(path: try copy(of: former.path), setting: setting, credential: credential)
    }

    private func copy(of former: String) throws -> String {
        let path = "\(temporary.path)/\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: former, toPath: path)
        return path
    }

    private func expectAll(in folder: StateFolder) throws {
        #expect(try file(folder).load() == session)
        #expect(try log(folder).load() == steps)
    }

    private func texts(in folder: StateFolder) throws -> [String: String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != "lock" }
        return Dictionary(uniqueKeysWithValues: try names.map { ($0, try text(of: $0, in: folder)) })
    }

    private func text(of name: String, in folder: StateFolder) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: "\(folder.path)/\(name)")), as: UTF8.self)
    }

    private func write(_ text: String, to name: String, in folder: StateFolder) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(folder.path)/\(name)"))
    }

    /// Whether everything lies as the folder says, by looking at the bytes.
    private func expectForm(of folder: StateFolder) throws {
        for (name, text) in try texts(in: folder) where name != StoreHead.fileName {
            let isPlain = text.contains("syt_precious") || text.contains("purpose")
            #expect(isPlain == (folder.storage == .plain), "\(name): \(text)")
        }
    }

    private func problem(_ work: () throws -> Void) -> StorageProblem? {
        do { try work() } catch { return error as? StorageProblem }
        return nil
    }

    @Test func `with a key nothing lies open, and with the same key all is found again`() async throws {
        let folder = try await filled(.auto, Self.key)
        #expect(folder.storage == .encrypted)
        try expectForm(of: folder)
        try expectAll(in: folder)
        let again = try next(folder)
        #expect(again.storage == .encrypted)
        try expectAll(in: again)
        try await log(again).replace(with: steps)
        try await log(again).append(steps[0], until: .process)
        #expect(try log(try next(again)).load() == steps + [steps[0]])
    }

    @Test func `the same content is never sealed the same way twice`() async throws {
        let folder = try await filled(.auto, Self.key)
        let first = try texts(in: folder)
        try await fill(folder)
        let second = try texts(in: folder)
        for name in ["a.account.json", "l.jsonl"] { #expect(first[name] != second[name]) }
    }

    @Test(arguments: [
        (StorageSetting.auto, StoreCredential.none, Protections.Storage.plain), (.auto, key, .encrypted),
        (.plain, .none, .plain), (.plain, key, .plain), (.plain, locked, .plain), (.encrypted, key, .encrypted),
    ])
    func `what lies open is brought to where the user wants it`(
        _ setting: StorageSetting,
        _ credential: StoreCredential,
        _ storage: Protections.Storage
    ) async throws {
        let folder = try next(try await filled(.auto, .none), setting, credential)
        #expect(folder.storage == storage)
        try expectForm(of: folder)
        try expectAll(in: folder)
    }

    @Test(arguments: [
        (StorageSetting.auto, StoreCredential.none, "its key is missing: the agent has no credential store-key"),
        (.auto, locked, "its key is missing: your keyring is locked; unlock it. Then start the agent again"),
        (.encrypted, .none, "its key is missing"), (.plain, .none, "its key is missing"),
        (.auto, other, "is encrypted under another key than the one that came"),
        (.auto, other, "unlock all of them, and start the agent again"),
        (.plain, other, "is encrypted under another key than the one that came"),
        (.auto, StoreCredential(Array("too short".utf8)), "has 9 bytes; a key has 32 random ones or more"),
    ])
    func `promise 15: encrypted state without its key is an error, and stays as it is`(
        _ setting: StorageSetting,
        _ credential: StoreCredential,
        _ detail: String
    ) async throws {
        let folder = try await filled(.auto, Self.key)
        let before = try texts(in: folder)
        let path = "\(temporary.path)/next"
        try FileManager.default.copyItem(atPath: folder.path, toPath: path)
        let problem = problem { _ = try StateFolder(path: path, setting: setting, credential: credential) }
        #expect(problem?.path == "\(path)/store.json")
        #expect(problem?.detail.contains(detail) == true, "\(problem?.detail ?? "")")
        for (name, text) in before { #expect(try temporary.text(of: "next/\(name)") == text) }
    }

    @Test(arguments: [(StorageSetting.encrypted, StoreCredential.none), (.encrypted, locked), (.auto, locked)])
    func `promise 15: where a key is due and does not come, nothing is written in the open`(
        _ setting: StorageSetting,
        _ credential: StoreCredential
    ) throws {
        let problem = problem {
            _ = try StateFolder(path: "\(temporary.path)/state", setting: setting, credential: credential)
        }
        #expect(problem?.detail.contains("encrypted") == true, "\(problem?.detail ?? "")")
        #expect(try FileManager.default.contentsOfDirectory(atPath: "\(temporary.path)/state") == ["lock"])
    }

    @Test func `back and forth by a word each, and it stays as it was left`() async throws {
        let folder = try await filled(.auto, Self.key)
        try await folder.decrypt()
        #expect(folder.storage == .plain)
        try expectForm(of: folder)
        let plain = try next(folder)
        #expect(plain.storage == .plain, "the word counts, though there is a key")
        try expectAll(in: plain)
        #expect(try next(folder, .auto, .none).storage == .plain)
        try await plain.encrypt()
        try expectForm(of: plain)
        let encrypted = try next(plain)
        #expect(encrypted.storage == .encrypted)
        try expectAll(in: encrypted)
        #expect(try next(encrypted, .plain).storage == .plain)
        #expect(try next(plain, .encrypted).storage == .encrypted)
    }

    @Test func `what the setting has decrypted is encrypted again once it says auto`() async throws {
        let folder = try await filled(.auto, Self.key)
        let plain = try next(folder, .plain)
        #expect(plain.storage == .plain)
        try expectForm(of: plain)
        let again = try next(plain)
        #expect(again.storage == .encrypted)
        try expectForm(of: again)
        try expectAll(in: again)
        // A word from before it does not outlast the setting.
        try await folder.decrypt()
        #expect(try next(try next(folder, .plain)).storage == .encrypted)
    }

    @Test(arguments: [false, true], [StorageSetting.plain, .auto, .encrypted])
    func `where a crash cuts a decryption by the setting short, it ends where the setting stands by then`(
        _ areFilesDone: Bool,
        _ setting: StorageSetting
    ) async throws {
        let halfway = try copy(of: try await filled(.auto, Self.key).path)
        let obstacle = "\(halfway)/.l.jsonl.new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        #expect(problem { _ = try StateFolder(path: halfway, setting: .plain, credential: Self.key) } != nil)
        try FileManager.default.removeItem(atPath: obstacle)
        if areFilesDone {
            // All but the last step, which is the head's.
            let done = try StateFolder(path: try copy(of: halfway), setting: .plain, credential: Self.key)
            for (name, text) in try texts(in: done) {
                try Data(text.utf8).write(to: URL(filePath: "\(halfway)/\(name)"))
            }
        }
        let folder = try StateFolder(path: try copy(of: halfway), setting: setting, credential: Self.key)
        #expect(folder.storage == (setting == .plain ? .plain : .encrypted))
        try expectForm(of: folder)
        try expectAll(in: folder)
        #expect(try next(folder).storage == .encrypted)
    }

    @Test func `a decryption by a word that was cut short goes on, and stays`() async throws {
        let folder = try await filled(.auto, Self.key)
        let obstacle = "\(folder.path)/.l.jsonl.new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        await #expect(throws: StorageProblem.self) { try await folder.decrypt() }
        try FileManager.default.removeItem(atPath: obstacle)
        let plain = try next(folder)
        #expect(plain.storage == .plain)
        try expectForm(of: plain)
        #expect(try next(plain).storage == .plain)
    }

    @Test func `a log goes on across each change`() async throws {
        let folder = try await filled(.auto, Self.key)
        let log = log(folder)
        let changes: [(StateFolder) async throws -> Void] = [
            { try await $0.decrypt() }, { try await $0.encrypt() }, { try await $0.rekey() },
        ]
        var expected = steps
        for change in changes {
            try await change(folder)
            try await log.append(steps[0], until: .machine)
            expected.append(steps[0])
            #expect(try log.load() == expected)
        }
    }

    @Test func `a new key seals everything anew, and what the old one sealed is no longer taken`() async throws {
        let folder = try await filled(.auto, Self.key)
        let before = try texts(in: folder)
        try await folder.rekey()
        let after = try texts(in: folder)
        for name in before.keys { #expect(before[name] != after[name], "\(name)") }
        try expectAll(in: folder)
        try expectAll(in: try next(folder))
        try write(try #require(before["a.account.json"]), to: "a.account.json", in: folder)
        #expect(problem { _ = try file(folder).load() }?.detail.contains("a key that store.json does not hold") == true)
        await #expect(throws: StorageProblem.self, "nothing is begun that cannot be ended") {
            try await folder.decrypt()
        }
        #expect(folder.storage == .encrypted)
    }

    @Test func `what is not encrypted has no key to change`() async throws {
        let folder = try await filled(.auto, .none)
        await #expect(throws: StorageProblem.self) { try await folder.rekey() }
        await #expect(throws: StorageProblem.self) { try await folder.encrypt() }
        #expect(folder.storage == .plain)
        try expectAll(in: folder)
    }

    @Test func `a step that fails leaves everything readable, and the next try goes on from there`() async throws {
        let folder = try await filled(.auto, .none)
        let next = try next(folder, .plain)
        // The second file cannot be replaced.
        let obstacle = "\(next.path)/.l.jsonl.new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        await #expect(throws: StorageProblem.self) { try await next.encrypt() }
        #expect(next.storage == .plain)
        try expectAll(in: next)
        try await file(next, "b.account.json").save(session)
        #expect(try file(next, "b.account.json").load() == session)
        try FileManager.default.removeItem(atPath: obstacle)
        try await next.encrypt()
        try expectForm(of: next)
        try expectAll(in: next)
    }

    /// A log that is not as the folder says must be written anew before it grows, or nobody could read it any more.
    @Test(arguments: ["a.account.json", "l.jsonl"], ["encrypt", "decrypt", "rekey"])
    func `a change that fails halfway spoils no log that goes on growing`(
        _ failing: String,
        _ change: String
    ) async throws {
        let folder = try await filled(.auto, change == "encrypt" ? .none : Self.key)
        let next = try next(folder, change == "encrypt" ? .plain : .auto)
        try await log(next).replace(with: steps)
        let obstacle = "\(next.path)/.\(failing).new"
        try FileManager.default.createDirectory(atPath: obstacle, withIntermediateDirectories: false)
        await #expect(throws: StorageProblem.self) {
            switch change {
            case "encrypt": try await next.encrypt()
            case "decrypt": try await next.decrypt()
            default: try await next.rekey()
            }
        }
        try FileManager.default.removeItem(atPath: obstacle)
        await #expect(throws: StorageProblem.self) { try await log(next).append(steps[0], until: .machine) }
        try expectAll(in: next)
        try await log(next).replace(with: steps)
        try await log(next).append(steps[0], until: .machine)
        #expect(try log(try self.next(next)).load() == steps + [steps[0]])
    }

    @Test func `what is damaged before is not encrypted, but named`() async throws {
        let folder = try await filled(.auto, .none)
        try write("{\"version\":1,\"val", to: "b.account.json", in: folder)
        let before = try texts(in: folder)
        let path = "\(temporary.path)/next"
        try FileManager.default.copyItem(atPath: folder.path, toPath: path)
        let problem = problem { _ = try StateFolder(path: path, credential: Self.key) }
        #expect(problem?.path == "\(path)/b.account.json")
        for (name, text) in before { #expect(try temporary.text(of: "next/\(name)") == text) }
    }
}
