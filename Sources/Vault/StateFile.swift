internal import FoundationEssentials
internal import JetonAPI

/// What every state file says in its beginning, whatever else it holds.
struct Versioned: Decodable {
    var version: Int

    static func require(_ known: Int, in bytes: [UInt8], _ path: String) throws(StorageProblem) {
        guard let version = try? JSONCoding.decoder().decode(Versioned.self, from: Data(bytes)).version else {
            throw .damaged(path, "it is no JSON with a version")
        }
        guard version <= known else { throw .newer(path, version, known: known) }
    }
}

/// A value that is kept in a state file, with the version of its form.
public struct StateFile<Value: Codable & Sendable>: Sendable {
    /// Raised when an older agent could no longer read what this one writes.
    private static var version: Int { 1 }

    private struct Content: Codable {
        var version: Int
        var value: Value
    }

    public let name: String
    private let folder: StateFolder

    public init(_ name: String, in folder: StateFolder) {
        self.name = name
        self.folder = folder
    }

    /// The value; nil where there is no file. A file that cannot be read is an error, and stays as it is. This blocks.
    public func load() throws(StorageProblem) -> Value? {
        guard let bytes = try folder.read(name) else { return nil }
        return try Self.decode(bytes, from: "\(folder.path)/\(name)")
    }

    /// Puts the value on the disk, secrets included.
    public func save(_ value: Value) async throws(StorageProblem) {
        try await folder.replace(name, with: Self.encode(value))
    }

    static func decode(_ bytes: [UInt8], from path: String) throws(StorageProblem) -> Value {
        let decoder = JSONCoding.decoder()
        try Versioned.require(version, in: bytes, path)
        do {
            return try decoder.decode(Content.self, from: Data(bytes)).value
        } catch {
            throw .damaged(path, "what it holds is not of the agent's form")
        }
    }

    static func encode(_ value: Value) -> [UInt8] {
        guard let data = try? JSONCoding.encoder(secrets: .revealed).encode(Content(version: version, value: value))
        else { preconditionFailure("a value that is not JSON") }
        return Array(data)
    }

    public func remove() async throws(StorageProblem) { try await folder.remove(name) }
}
