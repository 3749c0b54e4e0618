import FoundationEssentials
import Testing

@testable import Vault

/// What somebody without the key can do to encrypted files.
struct SealTests {
    private struct Step: Codable, Sendable, Equatable { var purpose: String }

    private let temporary: TemporaryFolder
    private let folder: StateFolder
    private let log: StateLog<Step>
    private let steps = ["one", "two", "three"].map(Step.init)

    private static let key = StoreCredential(Array("an-administrator's-random-key-of-32".utf8))

    init() async throws {
        temporary = try TemporaryFolder()
        folder = try StateFolder(path: temporary.path, credential: Self.key)
        log = StateLog("l.jsonl", in: folder)
        for (name, value) in [("a.json", 1), ("b.json", 2)] {
            try await StateFile<Int>(name, in: folder).save(value)
        }
        try await log.replace(with: steps)
    }

    private func problem(_ name: String) -> StorageProblem? {
        do {
            if name == log.name { _ = try log.load() } else { _ = try StateFile<Int>(name, in: folder).load() }
        } catch {
            return error
        }
        return nil
    }

    private func expect(_ name: String, _ detail: String, _ text: String) throws {
        try temporary.write(text, to: name)
        let problem = problem(name)
        #expect(problem?.path == "\(temporary.path)/\(name)")
        #expect(problem?.detail.contains(detail) == true, "\(problem?.detail ?? "it was taken")")
        #expect(try temporary.text(of: name) == text)
    }

    @Test func `one file under the other's name is not taken`() throws {
        try expect("a.json", "the seal of it does not fit", temporary.text(of: "b.json"))
        #expect(try StateFile<Int>("b.json", in: folder).load() == 2)
    }

    @Test func `a file that was cut off is not taken, wherever it was cut`() throws {
        let whole = try temporary.text(of: "a.json")
        for cut in 1...whole.count {
            try temporary.write(String(whole.dropLast(cut)), to: "a.json")
            #expect(problem("a.json") != nil, "without its last \(cut)")
        }
    }

    @Test func `no byte can be changed`() throws {
        let whole = try temporary.text(of: "a.json")
        for place in whole.indices {
            var changed = whole
            changed.replaceSubrange(place...place, with: whole[place] == "A" ? "B" : "A")
            try temporary.write(changed, to: "a.json")
            #expect(problem("a.json") != nil, "\(changed)")
        }
    }

    @Test func `plain content among what is encrypted is not taken`() throws {
        try expect("a.json", "is not encrypted, and everything else here is", #"{"value":1,"version":1}"#)
        try expect("l.jsonl", "is not encrypted, and everything else here is", "{\"version\":1}\n")
    }

    @Test func `a form of a later release is left to it`() throws {
        let text = try temporary.text(of: "a.json")
        let later = text.replacing("\"version\":2", with: "\"version\":3")
        try expect("a.json", "was written by a newer jetond (form 3, known: 2); update jetond", later)
    }

    @Test func `releases that know no seals say that the file is newer`() throws {
        let first = try temporary.text(of: "l.jsonl").prefix { $0 != "\n" }
        for text in [try temporary.text(of: "a.json"), String(first)] {
            #expect(throws: StorageProblem.newer("x", 2, known: 1)) {
                try Versioned.require(1, in: Array(text.utf8), "x")
            }
        }
    }

    @Test func `lines of a log stay where they are, and in their log`() async throws {
        let lines = try temporary.text(of: "l.jsonl").split(separator: "\n").map(String.init)
        func text(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }
        try expect("l.jsonl", "the seal of line 4 does not fit", text([0, 1, 2, 4, 3].map { lines[$0] }))
        try expect("l.jsonl", "the seal of line 3 does not fit", text([0, 1, 3, 4].map { lines[$0] }))
        try expect("l.jsonl", "the seal of line 6 does not fit", text(lines + [lines[2]]))
        try expect("l.jsonl", "the seal of line 4 does not fit", text(lines.prefix(3) + [#"{"purpose":"x"}"#]))
        try await log.replace(with: steps)
        let later = try temporary.text(of: "l.jsonl").split(separator: "\n").map(String.init)
        try expect("l.jsonl", "the seal of line 5 does not fit", text(later.prefix(4) + [lines[4]]))
    }

    @Test func `a line that a crash cut short does not count, wherever it was cut`() throws {
        let whole = try temporary.text(of: "l.jsonl")
        let last = try #require(whole.split(separator: "\n").last).count + 1
        for cut in 1...last {
            try temporary.write(String(whole.dropLast(cut)), to: "l.jsonl")
            #expect(try log.load() == steps.dropLast())
        }
    }

    @Test(arguments: [("\"form\":\"encrypted\"", "\"form\":\"decrypting\""), ("\"wrapped\":\"", "\"wrapped\":\"AAAA")])
    func `the folder's head cannot be changed without the key`(_ old: String, _ new: String) throws {
        let head = try temporary.text(of: "store.json")
        #expect(head.contains(old))
        let path = "\(temporary.path)-next"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.copyItem(atPath: temporary.path, toPath: path)
        try Data(head.replacing(old, with: new).utf8).write(to: URL(filePath: "\(path)/store.json"))
        let problem = #expect(throws: StorageProblem.self) { try StateFolder(path: path, credential: Self.key) }
        #expect(problem?.detail.contains("its keys were changed") == true, "\(problem?.detail ?? "")")
    }

    @Test(arguments: [Self.key, StoreCredential.none])
    func `where the folder's head is lost, nothing is begun anew`(_ credential: StoreCredential) async throws {
        let path = "\(temporary.path)-next"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.copyItem(atPath: temporary.path, toPath: path)
        try FileManager.default.removeItem(atPath: "\(path)/store.json")
        let problem = #expect(throws: StorageProblem.self) {
            let next = try StateFolder(path: path, credential: credential)
            _ = try StateFile<Int>("a.json", in: next).load()
        }
        #expect(problem?.detail.contains("which holds the key, is not there") == true, "\(problem?.detail ?? "")")
        #expect(!FileManager.default.fileExists(atPath: "\(path)/store.json"))
    }
}

/// What comes as the credential.
struct StoreCredentialTests {
    private func reason(_ content: [UInt8]) -> String? {
        guard case .unavailable(let reason) = StoreCredential(content) else { return nil }
        return reason
    }

    private func fingerprint(_ content: [UInt8]) -> String? {
        guard case .key(let key) = StoreCredential(content) else { return nil }
        return key.fingerprint
    }

    @Test(arguments: ["none", "none\n"])
    func `the unit's own word for no key is none`(_ content: String) {
        guard case .none = StoreCredential(Array(content.utf8)) else {
            Issue.record("\(content) was taken")
            return
        }
    }

    @Test(arguments: ["", "\n", " \n\n"])
    func `a provider that gives nothing is not one that has none`(_ content: String) {
        #expect(reason(Array(content.utf8))?.contains("gave nothing") == true)
    }

    @Test func `32 random bytes are a key, and so is text of at least as many`() {
        let bytes: [UInt8] = Array(repeating: 0x0A, count: 31) + [0xFF]
        let text = Array(repeating: UInt8(ascii: "k"), count: 32)
        #expect(fingerprint(bytes)?.count == 16)
        #expect(fingerprint(bytes) != fingerprint(text))
        #expect(fingerprint(text) == fingerprint(text + [0x0A]))
        #expect(fingerprint(text) == fingerprint(text + [0x0D, 0x0A]))
        #expect(fingerprint(Array(bytes.reversed())) != nil, "the end of a line can be a byte of the key")
    }

    @Test(arguments: [
        ("error:locked\n", "your keyring is locked"), ("error:absent", "no keyring answers"),
        ("error:timeout", "did not answer in time"), ("error:on fire", "says \"on fire\""),
        ("hunter2", "has 7 bytes; a key has 32 random ones or more"),
    ])
    func `whatever is no key says why`(_ content: String, _ reason: String) {
        #expect(self.reason(Array(content.utf8))?.contains(reason) == true)
    }

    @Test func `it is read from the folder that systemd names`() throws {
        let temporary = try TemporaryFolder()
        guard case .none = StoreCredential.read(from: nil), case .none = StoreCredential.read(from: temporary.path)
        else {
            Issue.record("there is a credential where none was given")
            return
        }
        try temporary.write(String(repeating: "k", count: 44), to: "store-key", mode: 0o400)
        guard case .key = StoreCredential.read(from: temporary.path) else {
            Issue.record("the key was not read")
            return
        }
        try temporary.write(String(repeating: "k", count: 5000), to: "store-key")
        guard case .unavailable = StoreCredential.read(from: temporary.path) else {
            Issue.record("what is far too long was taken")
            return
        }
    }
}
