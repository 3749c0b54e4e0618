extension Schema {
    /// The schema as JSON Schema (draft 7, as OpenRPC wants it), each member with its sentence from the glossary.
    func jsonSchema(describing name: String? = nil) -> JSONValue {
        var members: [String: JSONValue] =
            switch self {
            case .object(let properties):
                [
                    "type": "object",
                    "properties": .object(
                        Dictionary(
                            uniqueKeysWithValues: properties.map {
                                ($0.name, $0.schema.jsonSchema(describing: $0.name))
                            }
                        )
                    ),
                    "required": .array(properties.filter(\.isRequired).map { .string($0.name) }),
                    "additionalProperties": false,
                ]
            case .map(let value): ["type": "object", "additionalProperties": value.jsonSchema()]
            case .array(let element): ["type": "array", "items": element.jsonSchema()]
            case .string(let choices) where !choices.isEmpty:
                ["type": "string", "enum": .array(choices.map { .string($0) })]
            case .string: ["type": "string"]
            case .time: ["type": "string", "format": "date-time"]
            case .integer: ["type": "integer"]
            case .number: ["type": "number"]
            case .boolean: ["type": "boolean"]
            case .any: [:]
            }
        if let name, let sentence = Glossary.sentences[name] { members["description"] = .string(sentence) }
        return .object(members)
    }
}
