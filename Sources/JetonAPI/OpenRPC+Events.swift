/// The events, in the API's description.
extension OpenRPC {
    /// The params of each event's notification, by the event's type.
    static var eventSchemas: [String: JSONValue] {
        Dictionary(uniqueKeysWithValues: Events.all.map { ($0.type.rawValue, describe($0)) })
    }

    /// What a notification tells of an event: `type`, `at`, and the event's own members.
    static func shape<E: Event>(of event: E.Type) -> Schema {
        guard case .object(let own) = Schema.of(E.self) else { preconditionFailure("\(E.type.rawValue) is no struct") }
        let type = Schema.Property(name: "type", schema: .string(oneOf: [E.type.rawValue]), isRequired: true)
        return .object([type, .init(name: "at", schema: .time, isRequired: true)] + own)
    }

    private static func describe<E: Event>(_ event: E.Type) -> JSONValue {
        guard case .object(var schema) = shape(of: E.self).jsonSchema() else { return [:] }
        schema["description"] = .string(E.summary)
        return .object(schema)
    }
}
