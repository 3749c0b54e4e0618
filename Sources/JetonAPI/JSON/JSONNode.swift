/// A parsed JSON text as a tree that knows where each part stands: for naming a mistake by its place, and for
/// passing a part on byte for byte.
public struct JSONNode: Sendable, Equatable {
    /// What stands there. Leaves keep no value of their own: the bytes at `range` are the value.
    public enum Content: Sendable, Equatable {
        case object([Member])
        case array([JSONNode])
        case string
        case number
        case boolean
        case null
    }

    /// A name and its value in an object.
    public struct Member: Sendable, Equatable {
        public var name: String
        /// Where the name begins, in bytes.
        public var offset: Int
        public var value: JSONNode
    }

    public var content: Content
    /// The bytes that this node covers.
    public var range: Range<Int>

    /// The members, where this is an object.
    public var members: [Member]? {
        guard case .object(let members) = content else { return nil }
        return members
    }

    /// The value of the member `name`, where this is an object that has one.
    public subscript(name: String) -> JSONNode? {
        members?.first { $0.name == name }?.value
    }

    /// "a string", "an object": for sentences.
    public var kindName: String {
        switch content {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .boolean: "a boolean"
        case .null: "null"
        }
    }
}

/// A JSON text and its tree.
public struct JSONDocument: Sendable {
    public let bytes: [UInt8]
    public let root: JSONNode
    /// Members whose name their object had already; JSON leaves open which of the two counts, so we take neither.
    public let duplicates: [JSONNode.Member]

    /// Reads a whole text.
    /// - Throws: `JSONSyntaxError`, with the place of the first mistake.
    public init(_ bytes: [UInt8], dialect: JSONDialect = .json) throws(JSONSyntaxError) {
        var parser = JSONParser(bytes, dialect: dialect)
        root = try parser.document()
        duplicates = parser.duplicates
        self.bytes = bytes
    }

    /// The bytes of a node, as they came.
    public func text(of node: JSONNode) -> ArraySlice<UInt8> { bytes[node.range] }

    /// The characters of a string node, escapes resolved.
    public func string(of node: JSONNode) -> String? {
        guard node.content == .string else { return nil }
        return JSONParser.unescaped(bytes[node.range.dropFirst().dropLast()])
    }

    /// Line and column of a byte, both counted from 1; columns are counted in characters.
    public func place(of offset: Int) -> TextPlace { TextPlace(of: offset, in: bytes) }
}

/// Line and column in a text, both counted from 1.
public struct TextPlace: Sendable, Equatable, CustomStringConvertible {
    public var line: Int
    public var column: Int

    public init(of offset: Int, in bytes: [UInt8]) {
        let before = bytes.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        line = before.count { $0 == UInt8(ascii: "\n") } + 1
        column = String(decoding: before[lineStart...], as: UTF8.self).count + 1
    }

    public var description: String { "line \(line), column \(column)" }
}

/// What is wrong with a text that is not JSON, and where.
public struct JSONSyntaxError: Error, Sendable, Equatable {
    public var reason: String
    /// The byte at which reading had to stop.
    public var offset: Int
}

/// Strict JSON (RFC 8259) for messages, JSON5 for files that people write.
public enum JSONDialect: Sendable { case json, json5 }
