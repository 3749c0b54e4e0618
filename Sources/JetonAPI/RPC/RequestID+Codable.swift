internal import FoundationEssentials

/// An id as a param: of which request of this connection something is said.
extension RequestID: Codable, SchemaDescribed {
    public static var schema: Schema { .any }
    public static var sample: RequestID { .null }

    /// Where a decoder finds the call that it decodes the params of.
    static let callKey: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "jeton.call") else { preconditionFailure("any text makes a key") }
        return key
    }()

    /// Looks into the call itself, where there is one: a number that was decoded is no longer written as it was.
    public init(from decoder: any Decoder) throws {
        if let call = decoder.userInfo[Self.callKey] as? Call, let key = decoder.codingPath.last,
            let node = call.params?[JSONCoding.wireName(of: key.stringValue)],
            let id = RequestID(node, in: call.document)
        {
            self = id
            return
        }
        let value = try JSONValue(from: decoder)
        switch value {
        case .string, .integer, .number, .null:
            self.init(text: String(decoding: try JSONCoding.encoder().encode(value), as: UTF8.self))
        case .boolean, .array, .object:
            throw DecodingError.misfit("must be a string, a number or null", at: decoder.codingPath)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)).encode(to: encoder)
    }
}
