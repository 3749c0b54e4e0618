public import JetonAPI

/// Where the agent makes its restricted socket, if systemd passes none.
public enum RestrictedSocket: Sendable, Equatable, Decodable, SchemaDescribed {
    /// Nowhere.
    case off
    /// `restricted.sock`, beside the usual place of the agent's own.
    case usual
    case path(String)

    public static var schema: Schema { .any }
    public static var sample: RestrictedSocket { .off }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let isWanted = try? container.decode(Bool.self) {
            self = isWanted ? .usual : .off
        } else {
            self = .path(try container.decode(String.self))
        }
    }

    /// What may stand there, which the schema does not say.
    static func check(_ document: JSONDocument) throws(SchemaMismatch) {
        guard let node = document.root["restricted_socket"] else { return }
        let problem: String
        switch node.content {
        case .boolean, .null: return
        case .string:
            if document.string(of: node)?.hasPrefix("/") == true { return }
            problem = "must be a whole path, from / on"
        default: problem = "must be a path, true or false, not \(node.kindName)"
        }
        throw SchemaMismatch(path: "restricted_socket", problem: problem, offset: node.range.lowerBound)
    }
}
