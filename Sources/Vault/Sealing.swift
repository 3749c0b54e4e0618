internal import FoundationEssentials
internal import JetonAPI

/// What a state file holds: one thing, or lines that it grows by.
enum StateContent: Sendable, Equatable {
    case whole([UInt8])
    case lines([[UInt8]])

    /// Which of the two, by the file's name.
    static func isLog(_ name: String) -> Bool { name.hasSuffix(".jsonl") }

    /// Whether it is what agents write, as far as can be seen without knowing what it is about.
    func requireVersion(_ path: String) throws(StorageProblem) {
        switch self {
        case .whole(let bytes): try Versioned.require(1, in: bytes, path)
        case .lines(let lines): try Versioned.require(1, in: lines.first ?? [], path)
        }
    }
}

/// How the files of a folder are written to the disk, and read. A sealed file is JSON as well, of a version that older
/// agents know not to know; a seal fits only under the name that it was made for, and in a log only in its place.
struct Sealing: Sendable {
    /// Nil where the folder has never had a form of its own, and is plain.
    private(set) var form: StoreHead.Form?
    /// The first one seals; all of them open.
    private(set) var keys: [DataKey] = []
    /// Where the logs end that were written since the start.
    private var logs: [String: LogEnd] = [:]

    private struct LogEnd: Sendable {
        /// Tells a log from the one that it has replaced, whose lines must not show up in it.
        var id: String
        var lines: Int
        /// The key that its lines are sealed by; nil: by none.
        var key: String?
    }

    /// The version of the sealed form; plain files are of version 1.
    private static let version = 2

    /// The first line of a sealed file, which in a log tells its id, and in any other is all there is.
    private struct Head: Codable {
        var key: String
        var log: String?
        var sealed: String?
        var version: Int
    }

    private static let beginning = Array("{\"key\":".utf8)
    private static let newline = UInt8(ascii: "\n")

    init(_ form: StoreHead.Form? = nil, _ keys: [DataKey] = []) {
        self.form = form
        self.keys = keys
    }

    /// What is written is sealed by this key; nil: by none.
    var sealingKey: DataKey? {
        switch form {
        case nil, .plain, .decrypting: nil
        case .encrypting, .encrypted: keys.first
        }
    }

    /// From now on it is this. Logs end where they do, and grow again once they were written so.
    mutating func become(_ form: StoreHead.Form?, _ keys: [DataKey]) {
        self.form = form
        self.keys = keys
    }

    // MARK: Writing

    mutating func encode(_ content: StateContent, of name: String) -> [UInt8] {
        guard let key = sealingKey else {
            switch content {
            case .whole(let bytes): return bytes
            case .lines(let lines):
                logs[name] = LogEnd(id: "", lines: lines.count)
                return lines.flatMap { $0 + [Self.newline] }
            }
        }
        switch content {
        case .whole(let bytes):
            let sealed = Seal.close(bytes, with: key.key, as: Self.identity(of: name))
            return Self.json(Head(key: key.id, sealed: sealed, version: Self.version))
        case .lines(let lines):
            var end = LogEnd(id: Seal.randomName(), lines: 0, key: key.id)
            var bytes = Self.json(Head(key: key.id, log: end.id, version: Self.version)) + [Self.newline]
            for line in lines { bytes += Self.seal(line, with: key, after: &end, of: name) }
            logs[name] = end
            return bytes
        }
    }

    /// A line more, for a log that was written since the start; nil where it was not, or not in the form of now, as
    /// after a change that failed halfway.
    mutating func encode(line: [UInt8], of name: String) -> [UInt8]? {
        guard var end = logs[name], end.key == sealingKey?.id else { return nil }
        guard let key = sealingKey else { return line + [Self.newline] }
        defer { logs[name] = end }
        return Self.seal(line, with: key, after: &end, of: name)
    }

    /// What was encoded last did not reach the disk: it is not known any more where this log ends.
    mutating func forget(_ name: String) { logs[name] = nil }

    private static func seal(_ line: [UInt8], with key: DataKey, after end: inout LogEnd, of name: String) -> [UInt8] {
        end.lines += 1
        return Array(Seal.close(line, with: key.key, as: identity(of: name, end)).utf8) + [newline]
    }

    private static func identity(of name: String) -> String { "jeton state 2 whole \(name)" }

    private static func identity(of name: String, _ line: LogEnd) -> String {
        "jeton state 2 line \(line.lines) \(line.id) \(name)"
    }

    private static func json(_ head: Head) -> [UInt8] {
        guard let data = try? JSONCoding.encoder().encode(head) else { preconditionFailure("a head that is not JSON") }
        return Array(data)
    }

    // MARK: Reading

    /// Whether bytes lie on the disk as they would be written now, all but what a crash may have cut off.
    func isInForm(_ bytes: [UInt8]) -> Bool {
        guard bytes.starts(with: Self.beginning) else { return sealingKey == nil }
        return sealingKey.map { $0.id == Self.head(of: bytes)?.key } ?? false
    }

    /// - Parameters:
    ///   - bytes: as they lie on the disk.
    ///   - name: the file's.
    ///   - path: for what is wrong with it.
    /// - Returns: what was written.
    /// - Throws: where its seal does not fit, or it should have one.
    func decode(_ bytes: [UInt8], of name: String, at path: String) throws(StorageProblem) -> StateContent {
        guard bytes.starts(with: Self.beginning) else {
            guard form != .encrypted else { throw .plainAmongSealed(path) }
            guard StateContent.isLog(name) else { return .whole(bytes) }
            return .lines(Self.lines(bytes))
        }
        let key = try key(of: bytes, path)
        guard StateContent.isLog(name) else {
            guard let sealed = Self.head(of: bytes)?.sealed,
                let content = Seal.open(sealed, with: key.key, as: Self.identity(of: name))
            else { throw .brokenSeal(path) }
            return .whole(content)
        }
        var end = LogEnd(id: Self.head(of: bytes)?.log ?? "", lines: 0)
        var lines: [[UInt8]] = []
        for line in Self.lines(bytes).dropFirst() {
            end.lines += 1
            let sealed = String(decoding: line, as: UTF8.self)
            guard let content = Seal.open(sealed, with: key.key, as: Self.identity(of: name, end)) else {
                throw .brokenSeal(path, line: end.lines + 1)
            }
            lines.append(content)
        }
        return .lines(lines)
    }

    private func key(of bytes: [UInt8], _ path: String) throws(StorageProblem) -> DataKey {
        let first = bytes.prefix { $0 != Self.newline }
        try Versioned.require(Self.version, in: Array(first), path)
        guard let head = Self.head(of: bytes) else { throw .brokenSeal(path) }
        guard let key = keys.first(where: { $0.id == head.key }) else {
            throw keys.isEmpty ? .sealedWithoutHead(path) : .unknownSeal(path)
        }
        return key
    }

    private static func head(of bytes: [UInt8]) -> Head? {
        try? JSONCoding.decoder().decode(Head.self, from: Data(bytes.prefix { $0 != newline }))
    }

    /// A last line without its end is what a crash has left of one that was never told to be written.
    private static func lines(_ bytes: [UInt8]) -> [[UInt8]] {
        bytes.split(separator: newline, omittingEmptySubsequences: false).dropLast().map { Array($0) }
    }
}
