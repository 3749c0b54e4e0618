/// Reads JSON into a tree with places. The values themselves are decoded by Foundation, which knows no places.
struct JSONParser {
    /// Deeper nesting is refused: nothing we speak of needs it, and recursion must end before the stack does.
    static let maximumDepth = 64

    /// As many members as a message has, or its params.
    private static let few = 4

    var scanner: JSONScanner
    private(set) var duplicates: [JSONNode.Member] = []

    init(_ bytes: [UInt8], dialect: JSONDialect) {
        scanner = JSONScanner(bytes, dialect: dialect)
    }

    mutating func document() throws(JSONSyntaxError) -> JSONNode {
        try scanner.skipSpace()
        let node = try value(depth: 1)
        try scanner.skipSpace()
        guard scanner.isAtEnd else { throw scanner.unexpected("after the end of the value") }
        return node
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONNode {
        let start = scanner.position
        guard let first = scanner.peek else { throw scanner.fail("a value is missing at the end of the text") }
        switch first {
        case UInt8(ascii: "{"): return try object(from: start, depth: depth)
        case UInt8(ascii: "["): return try array(from: start, depth: depth)
        case UInt8(ascii: "\""):
            try scanner.string()
            return JSONNode(content: .string, range: start..<scanner.position)
        case UInt8(ascii: "'") where scanner.dialect == .json5:
            try scanner.string()
            return JSONNode(content: .string, range: start..<scanner.position)
        default:
            let content = try scanner.literal()
            return JSONNode(content: content, range: start..<scanner.position)
        }
    }

    private mutating func object(from start: Int, depth: Int) throws(JSONSyntaxError) -> JSONNode {
        var members: [JSONNode.Member] = []
        members.reserveCapacity(Self.few)
        // Of many members only: to compare a few costs less than a set of them.
        var seen: Set<String> = []
        try items(closedBy: UInt8(ascii: "}"), depth: depth) { parser throws(JSONSyntaxError) in
            let offset = parser.scanner.position
            let name = try parser.scanner.name()
            try parser.scanner.skipSpace()
            try parser.scanner.expect(UInt8(ascii: ":"), "after the name \"\(name)\"")
            try parser.scanner.skipSpace()
            let member = JSONNode.Member(name: name, offset: offset, value: try parser.value(depth: depth + 1))
            if members.count == Self.few { seen = Set(members.map(\.name)) }
            let isNew = members.count < Self.few ? !members.contains { $0.name == name } : seen.insert(name).inserted
            if !isNew { parser.duplicates.append(member) }
            members.append(member)
        }
        return JSONNode(content: .object(members), range: start..<scanner.position)
    }

    private mutating func array(from start: Int, depth: Int) throws(JSONSyntaxError) -> JSONNode {
        var elements: [JSONNode] = []
        try items(closedBy: UInt8(ascii: "]"), depth: depth) { parser throws(JSONSyntaxError) in
            elements.append(try parser.value(depth: depth + 1))
        }
        return JSONNode(content: .array(elements), range: start..<scanner.position)
    }

    /// What objects and arrays share: brackets, commas, and in JSON5 one comma too many.
    private mutating func items(
        closedBy close: UInt8,
        depth: Int,
        _ item: (inout JSONParser) throws(JSONSyntaxError) -> Void
    ) throws(JSONSyntaxError) {
        guard depth <= Self.maximumDepth else { throw scanner.fail("nested deeper than \(Self.maximumDepth) levels") }
        scanner.advance()
        try scanner.skipSpace()
        if scanner.take(close) { return }
        while true {
            try item(&self)
            try scanner.skipSpace()
            if scanner.take(close) { return }
            try scanner.expect(UInt8(ascii: ","), "or \"\(Character(Unicode.Scalar(close)))\"")
            try scanner.skipSpace()
            if scanner.dialect == .json5, scanner.take(close) { return }
        }
    }
}
