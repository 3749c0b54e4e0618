/// The shape of a JSON value: what a method takes and gives, and what a configuration file may say.
public indirect enum Schema: Sendable, Equatable {
    case object([Property])
    case map(Schema)
    case array(Schema)
    case string(oneOf: [String] = [])
    case time
    case integer
    case number
    case boolean
    case any

    /// A member of an object.
    public struct Property: Sendable, Equatable {
        public var name: String
        public var schema: Schema
        public var isRequired: Bool
    }

    /// "a string", "an object": for sentences.
    var kindName: String {
        switch self {
        case .object, .map: "an object"
        case .array: "an array"
        case .string, .time: "a string"
        case .integer: "an integer"
        case .number: "a number"
        case .boolean: "true or false"
        case .any: "any value"
        }
    }
}

/// A type that says its shape itself, because its decoding does not show it.
public protocol SchemaDescribed: Decodable {
    static var schema: Schema { get }
    /// Any value of the type: what a recording hands out in place of a real one.
    static var sample: Self { get }
}

extension Moment: SchemaDescribed {
    public static var schema: Schema { .time }
    public static var sample: Moment { Moment(millisecondsSince1970: 0) }
}

extension Secret: SchemaDescribed {
    public static var schema: Schema { .string() }
    public static var sample: Secret { Secret("") }
}

extension JSONValue: SchemaDescribed {
    public static var schema: Schema { .any }
    public static var sample: JSONValue { .null }
}

/// An enum of strings describes itself by its cases.
public protocol StringChoice: SchemaDescribed, CaseIterable, RawRepresentable, Codable, Sendable
where RawValue == String {}

extension StringChoice {
    public static var schema: Schema { .string(oneOf: allCases.map(\.rawValue)) }
    public static var sample: Self {
        guard let first = allCases.first else { preconditionFailure("a choice of nothing") }
        return first
    }
}
