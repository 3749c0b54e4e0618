/// A value that does not have the shape it should: which, and what is wrong with it.
public struct SchemaMismatch: Error, Sendable, Equatable {
    /// The members that lead there, as in `auth.type` or `flows[0]`; empty for the whole value.
    public var path: String
    /// "must be a string, not a number".
    public var problem: String
    /// Where in the text it stands, in bytes.
    public var offset: Int

    public init(path: String, problem: String, offset: Int) {
        self.path = path
        self.problem = problem
        self.offset = offset
    }
}

extension Schema {
    /// Looks whether a value has this shape. A member that is not known is a mistake too: most likely a misspelling.
    /// - Throws: the first mismatch, in the order of the text.
    public func check(_ node: JSONNode, in document: JSONDocument, path: String = "") throws(SchemaMismatch) {
        func mismatch(_ problem: String) -> SchemaMismatch {
            SchemaMismatch(path: path, problem: problem, offset: node.range.lowerBound)
        }
        func refuse() -> SchemaMismatch { mismatch("must be \(kindName), not \(node.kindName)") }

        switch (self, node.content) {
        case (.any, _), (.boolean, .boolean), (.number, .number), (.time, .string): return
        case (.string(let choices), .string):
            guard let text = document.string(of: node) else { return }
            guard choices.isEmpty || choices.contains(text) else {
                throw mismatch("must be one of \(choices.joined(separator: ", ")), not \"\(text.clipped)\"")
            }
        case (.integer, .number):
            let text = String(decoding: document.text(of: node), as: UTF8.self)
            guard Int(text) != nil else { throw mismatch("must be an integer, not \(text.clipped)") }
        case (.array(let element), .array(let nodes)):
            for (index, node) in nodes.enumerated() { try element.check(node, in: document, path: "\(path)[\(index)]") }
        case (.map(let value), .object(let members)):
            for member in members { try value.check(member.value, in: document, path: path.appending(member.name)) }
        case (.object(let properties), .object(let members)):
            try Self.check(members, against: properties, in: document, path: path)
            if let missing = properties.first(where: { $0.isRequired && node[$0.name] == nil }) {
                let path = path.appending(missing.name)
                throw SchemaMismatch(path: path, problem: "is missing", offset: node.range.lowerBound)
            }
        default: throw refuse()
        }
    }

    private static func check(
        _ members: [JSONNode.Member],
        against properties: [Property],
        in document: JSONDocument,
        path: String
    ) throws(SchemaMismatch) {
        for member in members {
            let path = path.appending(member.name)
            guard let property = properties.first(where: { $0.name == member.name }) else {
                let known = properties.isEmpty ? "none" : properties.map(\.name).sorted().joined(separator: ", ")
                throw SchemaMismatch(path: path, problem: "is not known here; known: \(known)", offset: member.offset)
            }
            // Null says the same as leaving an optional member out.
            if member.value.content == .null, !property.isRequired { continue }
            try property.schema.check(member.value, in: document, path: path)
        }
    }
}

extension String {
    /// A path with one more member.
    fileprivate func appending(_ name: String) -> String { isEmpty ? name.clipped : "\(self).\(name.clipped)" }

    /// Short enough for a sentence: what others wrote may be of any length.
    fileprivate var clipped: String { count <= 64 ? self : "\(prefix(64))…" }
}
