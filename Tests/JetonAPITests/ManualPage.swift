import FoundationEssentials

@testable import JetonAPI

/// jeton-rpc(7), made from the declarations of methods and errors, in the macros of man(7).
enum ManualPage {
    static var text: String {
        let methods = OpenRPC.methods.map { section(of: $0) }
        let parts =
            [head, protocolText, ".SH METHODS"] + methods + [
                consentText, events, restrictedText, objects, errors, clients, tail,
            ]
        return parts.joined(separator: "\n") + "\n"
    }

    /// What several methods speak of, described once.
    private static let shared: [(name: String, schema: Schema)] = [
        ("account", .of(Account.self)), ("requester", .of(Requester.self)), ("limit", .of(RateLimit.self)),
        ("token", .of(IssuedToken.self)), ("consent", .of(PendingConsent.self)),
    ]

    private static func section<M: Method>(of method: M.Type) -> String {
        var lines = [".SS \(literal(M.name))", plain(M.summary)]
        lines += [".PP", "Params:"] + members(of: .of(M.self), orElse: "none.")
        lines += [".PP", "Result:"] + members(of: .of(M.Result.self), orElse: "an empty object.")
        let errors = M.errors.map { ".BR \(literal($0.rawValue))" }.joined(separator: " ,\n")
        lines += [".PP", M.errors.isEmpty ? "Errors: none of its own." : "Errors:\n\(errors) ."]
        lines += [".PP", "Example:", ".PP", ".EX"]
        let params = json(M.example.params).split(separator: "\n").joined(separator: "\n ")
        let call = "{\"jsonrpc\": \"2.0\", \"id\": 1, \"method\": \"\(M.name)\", \"params\": \(params)}"
        lines += (call + "\n" + json(M.example.result)).split(separator: "\n").map { literal(String($0)) }
        return (lines + [".EE"]).joined(separator: "\n")
    }

    /// The members of an object as a list, those of objects within by their paths.
    private static func members(of schema: Schema, orElse nothing: String) -> [String] {
        switch schema {
        case .object(let properties) where !properties.isEmpty:
            properties.flatMap { entries(of: $0.schema, at: $0.name, $0.name, isOptional: !$0.isRequired) }
        case .object: [nothing]
        default: [words(for: schema) + "."]
        }
    }

    private static func entries(of schema: Schema, at path: String, _ name: String, isOptional: Bool) -> [String] {
        let kind = words(for: schema) + (isOptional ? ", may be left out" : "")
        var lines = [".TP", ".BR \(literal(path)) \" (\(plain(kind)))\"", plain(Glossary.sentences[name] ?? "")]
        let inner: Schema
        let prefix: String
        switch schema {
        case .array(let element): (inner, prefix) = (element, "\(path)[].")
        default: (inner, prefix) = (schema, "\(path).")
        }
        guard case .object(let properties) = inner, sharedName(of: inner) == nil else { return lines }
        lines += properties.flatMap {
            entries(of: $0.schema, at: prefix + $0.name, $0.name, isOptional: !$0.isRequired)
        }
        return lines
    }

    private static func sharedName(of schema: Schema) -> String? { shared.first { $0.schema == schema }?.name }

    private static func words(for schema: Schema) -> String {
        switch schema {
        case .object: sharedName(of: schema).map { "\($0), see OBJECTS" } ?? "object"
        case .map: "object"
        case .array(let element): "list, each: " + words(for: element)
        case .string(let choices): choices.isEmpty ? "string" : "one of " + choices.joined(separator: ", ")
        case .time: "time"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "true or false"
        case .any: "any value"
        }
    }

    private static var events: String {
        let all = Events.all.flatMap { event -> [String] in section(of: event) }
        return ([".SH EVENTS", eventsText] + all).joined(separator: "\n")
    }

    private static func section<E: Event>(of event: E.Type) -> [String] {
        let own = OpenRPC.shape(of: E.self)
        return [".SS \(literal(E.type.rawValue))", plain(E.summary)] + members(of: own, orElse: "nothing.")
    }

    private static var objects: String {
        let all = shared.flatMap { [".SS \($0.name)"] + members(of: $0.schema, orElse: "nothing.") }
        return ([".SH OBJECTS"] + all).joined(separator: "\n")
    }

    private static var errors: String {
        let all = AgentError.Kind.allCases.flatMap { kind -> [String] in
            let data = kind.members.isEmpty ? "" : " In data: \(kind.members.joined(separator: ", "))."
            let number = "\\-\(-kind.code)"
            return [".TP", ".BR \(literal(kind.rawValue)) \" (\(number))\"", plain(kind.summary + data)]
        }
        let names = Set(AgentError.Kind.allCases.flatMap(\.members)).sorted().flatMap { name in
            [".TP", ".B \(literal(name))", plain(Glossary.sentences[name] ?? "")]
        }
        return ([".SH ERRORS", errorsText] + all + [".SS Members of data"] + names).joined(separator: "\n")
    }

    private static func json<Value: Encodable>(_ value: Value) -> String {
        guard let data = try? JSONCoding.encoder(secrets: .revealed, pretty: true).encode(value) else {
            preconditionFailure("an example that is not JSON")
        }
        return String(decoding: data, as: UTF8.self)
            .replacing(/\{\s*\}/, with: "{}").replacing(/\[\s*\]/, with: "[]").replacing("\" : ", with: "\": ")
    }

    /// Text to read: what roff would obey is made harmless, and sentences begin on lines of their own.
    static func plain(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\e").replacing("\"", with: "\\(dq")
        return escaped.replacing(". ", with: ".\n").replacing("…", with: "...")
    }

    /// Text to type: hyphens and quotes are those of ASCII.
    static func literal(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-").replacing("…", with: "...")
        let quoted = escaped.replacing("'", with: "\\(aq").replacing("^", with: "\\(ha").replacing("~", with: "\\(ti")
        return quoted.hasPrefix(".") ? "\\&" + quoted : quoted
    }
}
