internal import FoundationEssentials

/// The methods that a server knows, and how each is answered: a line's params become typed, the result bytes.
public struct MethodTable<Asker: Sendable>: Sendable {
    private struct Entry: Sendable {
        var params: Schema
        var answer: @Sendable (Call, Asker) async throws(AgentError) -> [UInt8]
    }

    private var entries: [String: Entry] = [:]

    public init() {}

    public var names: [String] { entries.keys.sorted() }

    /// Registers the one handler of a method.
    public mutating func serve<M: Method>(
        _ method: M.Type,
        _ handler: @escaping @Sendable (M, Asker) async throws(AgentError) -> M.Result
    ) {
        precondition(entries[M.name] == nil, "\(M.name) is served twice")
        entries[M.name] = Entry(params: .of(M.self)) { call, asker throws(AgentError) in
            let params: M
            do {
                params = try JSONCoding.decoder().decode(M.self, from: Data(call.paramsText))
            } catch {
                // The schema was checked before; what is left is a value of the right shape that is still none of ours.
                throw .invalidParams(DecodingSentence.of(error))
            }
            let result = try await handler(params, asker)
            do {
                return Array(try JSONCoding.encoder(secrets: .revealed).encode(result))
            } catch {
                throw .internalError("the result of \(M.name) cannot be encoded")
            }
        }
    }

    /// Answers one call; nil for a notification.
    public func answer(_ call: Call, for asker: Asker) async -> [UInt8]? {
        do throws(AgentError) {
            let result = try await result(of: call, for: asker)
            return call.id.map { Reply.bytes(id: $0, result: result) }
        } catch {
            return call.id.map { Reply.bytes(id: $0, error: error) }
        }
    }

    private func result(of call: Call, for asker: Asker) async throws(AgentError) -> [UInt8] {
        guard let entry = entries[call.method] else { throw .methodNotFound(call.method, known: names) }
        if let params = call.params {
            guard params.members != nil else {
                throw .invalidParams("params must be an object with named members, not \(params.kindName)")
            }
            do throws(SchemaMismatch) {
                try entry.params.check(params, in: call.document)
            } catch {
                throw .invalidParams("\(error.path) \(error.problem)", field: error.path)
            }
        } else if case .object(let properties) = entry.params, let missing = properties.first(where: \.isRequired) {
            throw .invalidParams("\(missing.name) is missing", field: missing.name)
        }
        return try await entry.answer(call, asker)
    }
}

/// A decoding error as a sentence that names the member.
enum DecodingSentence {
    static func of(_ error: any Error) -> String {
        let context: DecodingError.Context? =
            switch error as? DecodingError {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context),
                .dataCorrupted(let context):
                context
            default: nil
            }
        guard let context else { return "the params cannot be read" }
        let path = context.codingPath.map { JSONCoding.wireName(of: $0.stringValue) }.joined(separator: ".")
        return path.isEmpty ? context.debugDescription : "\(path): \(context.debugDescription)"
    }
}
