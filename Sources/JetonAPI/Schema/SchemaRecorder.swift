extension Schema {
    /// The shape of a type, read off its own decoding: no second declaration can drift away from the first.
    public static func of<Value: Decodable>(_ type: Value.Type) -> Schema {
        if let described = type as? any SchemaDescribed.Type { return described.schema }
        let record = Record()
        // A type that refuses the samples is a bug of ours, found by the first test that lists the methods.
        guard (try? Value(from: SchemaRecorder(record: record, codingPath: []))) != nil else {
            preconditionFailure("\(type) does not decode from samples; let it be SchemaDescribed")
        }
        return record.schema ?? .object([])
    }

    /// What one decoding has asked for so far.
    fileprivate final class Record {
        var schema: Schema?

        func add(_ property: Property) {
            guard case .object(let known) = schema else { return schema = .object([property]) }
            if !known.contains(where: { $0.name == property.name }) { schema = .object(known + [property]) }
        }
    }
}

/// A decoder that has no data: it notes what a type asks for and hands out samples.
private struct SchemaRecorder: Decoder {
    let record: Schema.Record
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedDecodingContainer<Key> {
        record.schema = record.schema ?? .object([])
        return KeyedDecodingContainer(Members(record: record, codingPath: codingPath))
    }

    func unkeyedContainer() -> any UnkeyedDecodingContainer { Elements(record: record, codingPath: codingPath) }

    func singleValueContainer() -> any SingleValueDecodingContainer { Leaf(record: record, codingPath: codingPath) }

    /// Notes the shape of `type` and makes a sample of it.
    static func sample<Value: Decodable>(
        _ type: Value.Type,
        at path: [any CodingKey]
    ) throws -> (Schema, Value) {
        if let described = type as? any SchemaDescribed.Type, let sample = described.sample as? Value {
            return (described.schema, sample)
        }
        let record = Schema.Record()
        let value = try Value(from: SchemaRecorder(record: record, codingPath: path))
        return (record.schema ?? .any, value)
    }
}

private struct Members<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let record: Schema.Record
    let codingPath: [any CodingKey]

    /// A dictionary asks which keys there are: one stands for all.
    var allKeys: [Key] { Key(stringValue: "*").map { [$0] } ?? [] }

    func contains(_ key: Key) -> Bool { true }

    func decodeNil(forKey key: Key) -> Bool { false }

    func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
        try note(type, key, isRequired: true)
    }

    func decodeIfPresent<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value? {
        try note(type, key, isRequired: false)
    }

    private func note<Value: Decodable>(_ type: Value.Type, _ key: Key, isRequired: Bool) throws -> Value {
        let (schema, value) = try SchemaRecorder.sample(type, at: codingPath + [key])
        if key.stringValue == "*" {
            record.schema = .map(schema)
        } else {
            let name = JSONCoding.wireName(of: key.stringValue)
            record.add(.init(name: name, schema: schema, isRequired: isRequired))
        }
        return value
    }

    // The protocol's own default for each primitive would call `decodeNil` and `decode`, and so lose that the
    // member is optional.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try note(type, key, isRequired: false) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try note(type, key, isRequired: false) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try note(type, key, isRequired: false)
    }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try note(type, key, isRequired: false)
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        throw unrecorded(codingPath + [key])
    }
    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        throw unrecorded(codingPath + [key])
    }
    func superDecoder() throws -> any Decoder { throw unrecorded(codingPath) }
    func superDecoder(forKey key: Key) throws -> any Decoder { throw unrecorded(codingPath + [key]) }
}

private struct Elements: UnkeyedDecodingContainer {
    let record: Schema.Record
    let codingPath: [any CodingKey]
    var currentIndex = 0

    init(record: Schema.Record, codingPath: [any CodingKey]) {
        self.record = record
        self.codingPath = codingPath
    }

    /// One element shows the shape of all.
    var count: Int? { 1 }
    var isAtEnd: Bool { currentIndex == 1 }

    mutating func decodeNil() -> Bool { false }

    mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        currentIndex = 1
        let (schema, value) = try SchemaRecorder.sample(type, at: codingPath)
        record.schema = .array(schema)
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) throws -> KeyedDecodingContainer<Nested>
    {
        throw unrecorded(codingPath)
    }
    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { throw unrecorded(codingPath) }
    mutating func superDecoder() throws -> any Decoder { throw unrecorded(codingPath) }
}

private struct Leaf: SingleValueDecodingContainer {
    let record: Schema.Record
    let codingPath: [any CodingKey]

    func decodeNil() -> Bool { false }

    func decode(_ type: Bool.Type) -> Bool { noting(.boolean, false) }
    func decode(_ type: String.Type) -> String { noting(.string(), "") }
    func decode(_ type: Double.Type) -> Double { noting(.number, 0) }
    func decode(_ type: Float.Type) -> Float { noting(.number, 0) }
    func decode(_ type: Int.Type) -> Int { noting(.integer, 0) }
    func decode(_ type: Int8.Type) -> Int8 { noting(.integer, 0) }
    func decode(_ type: Int16.Type) -> Int16 { noting(.integer, 0) }
    func decode(_ type: Int32.Type) -> Int32 { noting(.integer, 0) }
    func decode(_ type: Int64.Type) -> Int64 { noting(.integer, 0) }
    func decode(_ type: UInt.Type) -> UInt { noting(.integer, 0) }
    func decode(_ type: UInt8.Type) -> UInt8 { noting(.integer, 0) }
    func decode(_ type: UInt16.Type) -> UInt16 { noting(.integer, 0) }
    func decode(_ type: UInt32.Type) -> UInt32 { noting(.integer, 0) }
    func decode(_ type: UInt64.Type) -> UInt64 { noting(.integer, 0) }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        let (schema, value) = try SchemaRecorder.sample(type, at: codingPath)
        record.schema = schema
        return value
    }

    private func noting<Value>(_ schema: Schema, _ value: Value) -> Value {
        record.schema = schema
        return value
    }
}

private func unrecorded(_ path: [any CodingKey]) -> DecodingError {
    .dataCorrupted(.init(codingPath: path, debugDescription: "a recording cannot follow here"))
}
