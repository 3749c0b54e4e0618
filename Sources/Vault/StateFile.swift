internal import FoundationEssentials
internal import JetonAPI

/// A value that is kept in a state file, with the version of its form.
public struct StateFile<Value: Codable & Sendable>: Sendable {
    /// Raised when an older agent could no longer read what this one writes.
    private static var version: Int { 1 }

    private struct Versioned: Decodable { var version: Int }

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
        let path = "\(folder.path)/\(name)"
        let decoder = JSONCoding.decoder()
        guard let versioned = try? decoder.decode(Versioned.self, from: Data(bytes)) else {
            throw .damaged(path, "it is no JSON with a version")
        }
        guard versioned.version <= Self.version else { throw .newer(path, versioned.version, known: Self.version) }
        do {
            return try decoder.decode(Content.self, from: Data(bytes)).value
        } catch {
            throw .damaged(path, "what it holds is not of the agent's form")
        }
    }

    /// Puts the value on the disk, secrets included.
    public func save(_ value: Value) async throws(StorageProblem) {
        let content = Content(version: Self.version, value: value)
        guard let data = try? JSONCoding.encoder(secrets: .revealed).encode(content) else {
            preconditionFailure("\(name) is not JSON")
        }
        try await folder.replace(name, with: Array(data))
    }

    public func remove() async throws(StorageProblem) { try await folder.remove(name) }
}
