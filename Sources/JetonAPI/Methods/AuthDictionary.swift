/// The specification's authentication dictionary (Client-Server API, "User-Interactive Authentication API"), of which
/// nobody needs to see more than its kind: a password or whatever else the user has given is kept as a `Secret`.
public struct AuthDictionary: Sendable, Equatable {
    private var plain: [String: JSONValue] = [:]
    private var secrets: [String: Secret] = [:]

    /// Texts that name something; all others say something.
    private static let names: Set = ["type", "challenge"]

    public init(_ members: [String: JSONValue]) {
        for (name, value) in members { self[name] = value }
    }

    /// All members, secrets included: for the one request that needs them.
    public var members: [String: JSONValue] {
        plain.merging(secrets.mapValues { .string($0.reveal()) }) { one, _ in one }
    }

    public var count: Int { plain.count + secrets.count }

    public subscript(name: String) -> JSONValue? {
        get { plain[name] ?? secrets[name].map { .string($0.reveal()) } }
        set {
            (plain[name], secrets[name]) = (nil, nil)
            if case .string(let text)? = newValue, !Self.names.contains(name) {
                secrets[name] = Secret(text)
            } else {
                plain[name] = newValue
            }
        }
    }
}

extension AuthDictionary: ExpressibleByDictionaryLiteral {
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(Dictionary(elements) { _, last in last })
    }
}

extension AuthDictionary: Codable {
    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode([String: JSONValue].self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard encoder.userInfo[Secret.revealKey] as? Bool == true else {
            return try container.encode(plain.merging(secrets.mapValues { .string("\($0)") }) { one, _ in one })
        }
        try container.encode(members)
    }
}

extension AuthDictionary: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}

extension AuthDictionary: SchemaDescribed {
    public static var schema: Schema { .map(.any) }
    public static var sample: AuthDictionary { [:] }
}
