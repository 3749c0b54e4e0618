internal import FoundationEssentials
internal import JetonAPI

/// The changes of a value, each a line of a state file: what one costs does not grow with all that was before it. The
/// first line tells the version of the form.
public struct StateLog<Change: Codable & Sendable>: Sendable {
    /// Raised when an older agent could no longer read what this one writes.
    private static var version: Int { 1 }

    private struct Head: Codable { var version: Int }

    public let name: String
    private let folder: StateFolder

    public init(_ name: String, in folder: StateFolder) {
        precondition(StateContent.isLog(name), "a log's name ends in .jsonl")
        self.name = name
        self.folder = folder
    }

    /// All changes; nil where there is no file. A last line without its end is what a crash has left of a change that
    /// was never told to be written: it does not count. After that the file must be replaced before anything is
    /// appended. This blocks.
    public func load() throws(StorageProblem) -> [Change]? {
        guard let lines = try folder.readLines(name) else { return nil }
        let path = "\(folder.path)/\(name)"
        let decoder = JSONCoding.decoder()
        guard let first = lines.first, let head = try? decoder.decode(Head.self, from: Data(first)) else {
            throw .damaged(path, "its first line is no JSON with a version")
        }
        guard head.version <= Self.version else { throw .newer(path, head.version, known: Self.version) }
        var changes: [Change] = []
        for (index, line) in lines.enumerated().dropFirst() {
            guard let change = try? decoder.decode(Change.self, from: Data(line)) else {
                throw .damaged(path, "line \(index + 1) is not of the agent's form")
            }
            changes.append(change)
        }
        return changes
    }

    /// Puts these changes on the disk in place of all that were before.
    public func replace(with changes: [Change]) async throws(StorageProblem) {
        let lines = [Self.line(Head(version: Self.version))] + changes.map(Self.line)
        try await folder.replace(name, withLines: lines)
    }

    /// Writes one change more. Where that fails, the file must be replaced before anything else is appended.
    public func append(_ change: Change, until durability: Durability) async throws(StorageProblem) {
        try await folder.append(Self.line(change), to: name, until: durability)
    }

    private static func line<Value: Encodable>(_ value: Value) -> [UInt8] {
        guard let data = try? JSONCoding.encoder(secrets: .revealed).encode(value) else {
            preconditionFailure("a change that is not JSON")
        }
        return Array(data)
    }
}
