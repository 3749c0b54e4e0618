import FoundationEssentials
import Testing

@testable import JetonAPI

/// What the API says about itself.
struct DescriptionTests {
    private static let names = OpenRPC.methods.map { $0.name }

    private static func memberNames(of schema: Schema) -> Set<String> {
        switch schema {
        case .object(let properties):
            properties.reduce(into: []) { $0.formUnion(memberNames(of: $1.schema).union([$1.name])) }
        case .map(let inner), .array(let inner): memberNames(of: inner)
        default: []
        }
    }

    private static func memberNames<M: Method>(of method: M.Type) -> Set<String> {
        memberNames(of: Schema.of(M.self)).union(memberNames(of: Schema.of(M.Result.self)))
    }

    private static func memberNames<E: Event>(ofEvent event: E.Type) -> Set<String> {
        memberNames(of: OpenRPC.shape(of: E.self))
    }

    /// The params of an event's example, and their shape.
    private static func told<E: Event>(_ event: E.Type) throws -> (JSONDocument, Schema) {
        let document = try JSONDocument(EventNotification(E.example, at: .example).bytes)
        let params = try #require(document.root["params"])
        return (try JSONDocument(Array(document.text(of: params))), OpenRPC.shape(of: E.self))
    }

    @Test(arguments: Events.all.indices)
    func `each event says what it tells, in sentences, and its example is told as it says`(_ index: Int) throws {
        let event = Events.all[index]
        #expect(event.summary.hasSuffix("."))
        for name in Self.memberNames(ofEvent: event) {
            #expect(Glossary.sentences[name]?.hasSuffix(".") == true, "\(name)")
        }
        let (params, shape) = try Self.told(event)
        #expect(throws: Never.self) { try shape.check(params.root, in: params) }
    }

    @Test func `each type of event is declared once`() {
        #expect(Events.all.map { $0.type } == EventType.allCases)
    }

    @Test(arguments: OpenRPC.methods.indices)
    func `each name in a method has its sentence`(_ index: Int) {
        for name in Self.memberNames(of: OpenRPC.methods[index]) {
            #expect(Glossary.sentences[name]?.hasSuffix(".") == true, "\(name)")
        }
    }

    @Test(arguments: AgentError.Kind.allCases)
    func `each kind of error says what it means, and each of its members has its sentence`(_ kind: AgentError.Kind) {
        #expect(kind.summary.hasSuffix("."))
        for name in kind.members { #expect(Glossary.sentences[name]?.hasSuffix(".") == true, "\(name)") }
    }

    @Test func `the glossary has no sentence that nobody needs`() {
        var used = OpenRPC.methods.reduce(into: Set<String>()) { $0.formUnion(Self.memberNames(of: $1)) }
        for event in Events.all { used.formUnion(Self.memberNames(ofEvent: event)) }
        used.formUnion(AgentError.Kind.allCases.flatMap(\.members))
        #expect(Set(Glossary.sentences.keys).subtracting(used) == [])
    }

    /// An example's JSON, there and back and there again.
    private static func roundTrips<M: Method>(_ method: M.Type) throws -> [(Schema, [UInt8], [UInt8])] {
        func roundTrip<Value: Codable>(_ value: Value) throws -> (Schema, [UInt8], [UInt8]) {
            let encoder = JSONCoding.encoder(secrets: .revealed)
            let first = try encoder.encode(value)
            let second = try encoder.encode(JSONCoding.decoder().decode(Value.self, from: first))
            return (.of(Value.self), Array(first), Array(second))
        }
        return [try roundTrip(M.example.params), try roundTrip(M.example.result)]
    }

    @Test(arguments: OpenRPC.methods.indices)
    func `each example has the shape that the method says, and comes back as it went`(_ index: Int) throws {
        for (schema, first, second) in try Self.roundTrips(OpenRPC.methods[index]) {
            let document = try JSONDocument(first)
            #expect(throws: Never.self) { try schema.check(document.root, in: document) }
            #expect(first == second)
        }
    }

    @Test func `names are unique and of two words`() {
        #expect(Set(Self.names).count == Self.names.count)
        #expect(Self.names.allSatisfy { $0.split(separator: ".").count == 2 })
    }

    @Test func `the document has every method, with its errors, and every error that is referred to`() throws {
        let document = OpenRPC.document
        #expect(document["openrpc"] == "1.3.2")
        guard case .array(let methods) = document["methods"],
            case .object(let errors) = document["components"]?["errors"]
        else { throw DecodingError.valueNotFound(JSONValue.self, .init(codingPath: [], debugDescription: "methods")) }
        #expect(methods.compactMap { $0["name"]?.stringValue } == Self.names)
        for (method, declaration) in zip(methods, OpenRPC.methods) {
            let references = declaration.errors.map {
                JSONValue.object(["$ref": .string("#/components/errors/\($0.rawValue)")])
            }
            #expect(method["errors"] == .array(references), "\(declaration.name)")
            #expect(
                declaration.errors.allSatisfy { !$0.isStandard && errors[$0.rawValue] != nil },
                "\(declaration.name)"
            )
            #expect(method["summary"]?.stringValue == declaration.summary)
            #expect(method["paramStructure"] == "by-name")
            #expect(method["result"]?["schema"] != nil)
        }
        #expect(errors["rate_limited"]?["code"] == -32002)
    }

    @Test func `a param is described with its shape and sentence`() throws {
        guard case .array(let methods) = OpenRPC.document["methods"],
            case .array(let params) = methods.first(where: { $0["name"] == "login_token.generate" })?["params"]
        else { throw DecodingError.valueNotFound(JSONValue.self, .init(codingPath: [], debugDescription: "params")) }
        let prompt: JSONValue = [
            "name": "prompt", "required": false, "schema": ["type": "string", "enum": ["caller", "agent"]],
            "summary": .string(Glossary.sentences["prompt"] ?? ""),
        ]
        #expect(params.contains(prompt))
    }
}
