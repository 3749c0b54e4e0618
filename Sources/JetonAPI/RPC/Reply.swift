internal import FoundationEssentials

/// An answer on its way to the socket, without the newline that ends it.
public enum Reply {
    /// `result` is JSON already.
    public static func bytes(id: RequestID, result: [UInt8]) -> [UInt8] {
        framed(id, "\"result\":", result)
    }

    public static func bytes(id: RequestID, error: AgentError) -> [UInt8] {
        framed(id, "\"error\":", error.json)
    }

    /// The answer to a batch, which grows by those to its members; notifications have none.
    public struct Batch: Sendable {
        private var bytes: [UInt8] = []

        public init() {}

        /// How long it is by now, in bytes.
        public var count: Int { bytes.count }

        public mutating func append(_ reply: [UInt8]) {
            bytes.append(UInt8(ascii: bytes.isEmpty ? "[" : ","))
            bytes.append(contentsOf: reply)
        }

        /// All of it; nil where nothing is to be said.
        public consuming func end() -> [UInt8]? {
            guard !bytes.isEmpty else { return nil }
            bytes.append(UInt8(ascii: "]"))
            return bytes
        }
    }

    private static func framed(_ id: RequestID, _ member: String, _ value: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(40 + id.text.utf8.count + value.count)
        bytes.append(contentsOf: "{\"jsonrpc\":\"2.0\",\"id\":".utf8)
        bytes.append(contentsOf: id.text.utf8)
        bytes.append(UInt8(ascii: ","))
        bytes.append(contentsOf: member.utf8)
        bytes.append(contentsOf: value)
        bytes.append(UInt8(ascii: "}"))
        return bytes
    }
}

extension AgentError {
    /// The error object (JSON-RPC 2.0, section 5.1).
    var json: [UInt8] {
        let object: JSONValue = [
            "code": .integer(kind.code), "message": .string(message),
            "data": .object(data.merging(["kind": .string(kind.rawValue)]) { _, kind in kind }),
        ]
        guard let bytes = try? JSONCoding.encoder().encode(object) else {
            preconditionFailure("an error that is not JSON")
        }
        return Array(bytes)
    }

    /// Reads an error object as it came over the socket; a code we do not know is kept as an internal error.
    public init(json object: JSONValue) {
        var data: [String: JSONValue] = [:]
        if case .object(let members) = object["data"] { data = members }
        let named = data.removeValue(forKey: "kind")?.stringValue.flatMap(Kind.init(rawValue:))
        let coded = Kind.allCases.first { $0.code == object["code"]?.integerValue }
        self.init(named ?? coded ?? .internalError, object["message"]?.stringValue ?? "the agent gave no reason", data)
    }
}
