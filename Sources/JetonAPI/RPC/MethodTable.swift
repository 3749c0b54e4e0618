internal import FoundationEssentials
internal import Synchronization

/// The methods that a server knows, and how each is answered: a line's params become typed, the result bytes.
public struct MethodTable<Asker: Sendable>: Sendable {
    /// What a table has to say to a call: a notification is answered by nothing.
    public enum Answer: Sendable {
        case ready([UInt8]?)
        /// It takes its time; nothing has begun yet.
        case pending(@Sendable () async -> [UInt8]?)
    }

    private enum Handler: Sendable {
        case atOnce(@Sendable (Call, Asker) throws(AgentError) -> [UInt8])
        /// It reads the params; the work that it gives holds nothing of the line, in which a password may be.
        case inTime(@Sendable (Call, Asker) throws(AgentError) -> Work)
    }

    private typealias Work = @Sendable () async throws(AgentError) -> [UInt8]

    private final class Entry: Sendable {
        /// Read off when the method is first called: all of them together would be most of the agent's start.
        let params: Deferred<Schema, Never>
        let handler: Handler

        init(params: Deferred<Schema, Never>, handler: Handler) {
            self.params = params
            self.handler = handler
        }
    }

    private var entries: [String: Entry] = [:]
    private var refusals: [String: AgentError] = [:]
    /// Told of each answer, notifications' too: nil for a result, else the kind of error.
    public var answered: @Sendable (AgentError.Kind?) -> Void = { _ in }

    public init() {}

    public var names: [String] { entries.keys.sorted() }

    /// Registers the one handler of a method.
    public mutating func serve<M: Method>(
        _ method: M.Type,
        _ handler: @escaping @Sendable (M, Asker) async throws(AgentError) -> M.Result
    ) {
        add(
            M.self,
            .inTime { call, asker throws(AgentError) in
                let params: M = try Self.params(of: call)
                return { () async throws(AgentError) in
                    try Self.encode(try await handler(params, asker), of: M.self)
                }
            }
        )
    }

    /// Registers a handler that waits for nothing: it answers on the thread that read the request.
    public mutating func serveAtOnce<M: Method>(
        _ method: M.Type,
        _ handler: @escaping @Sendable (M, Asker) throws(AgentError) -> M.Result
    ) {
        add(
            M.self,
            .atOnce { call, asker throws(AgentError) in
                try Self.encode(try handler(try Self.params(of: call), asker), of: M.self)
            }
        )
    }

    /// Registers an answer that is always the same. It is made when it is first asked for.
    public mutating func serve<M: Method>(
        _ method: M.Type,
        always result: @autoclosure @escaping @Sendable () -> M.Result
    ) {
        let text = Deferred { () throws(AgentError) in try Self.encode(result(), of: M.self) }
        add(M.self, .atOnce { _, _ throws(AgentError) in try text.value() })
    }

    /// Lets a method that there is, though not here, be answered by an error, whatever the params are.
    public mutating func refuse(_ name: String, with error: AgentError) { refusals[name] = error }

    private mutating func add<M: Method>(_ method: M.Type, _ handler: Handler) {
        precondition(entries[M.name] == nil, "\(M.name) is served twice")
        entries[M.name] = Entry(params: Deferred { Schema.of(M.self) }, handler: handler)
    }

    /// Looks at a call, and answers it where that takes no waiting.
    public func answer(_ call: Call, for asker: Asker) -> Answer {
        do throws(AgentError) {
            switch try handler(of: call) {
            case .atOnce(let handle):
                let result = try handle(call, asker)
                answered(nil)
                return .ready(call.id.map { Reply.bytes(id: $0, result: result) })
            case .inTime(let begin):
                let (id, work) = (call.id, try begin(call, asker))
                return .pending {
                    do throws(AgentError) {
                        let result = try await work()
                        answered(nil)
                        return id.map { Reply.bytes(id: $0, result: result) }
                    } catch {
                        answered(error.kind)
                        return id.map { Reply.bytes(id: $0, error: error) }
                    }
                }
            }
        } catch {
            answered(error.kind)
            return .ready(call.id.map { Reply.bytes(id: $0, error: error) })
        }
    }

    /// The method's handler, once the params have the shape that it wants.
    private func handler(of call: Call) throws(AgentError) -> Handler {
        if let refusal = refusals[call.method] { throw refusal }
        guard let entry = entries[call.method] else { throw .methodNotFound(call.method, known: names) }
        if let params = call.params {
            guard params.members != nil else {
                throw .invalidParams("params must be an object with named members, not \(params.kindName)")
            }
            do throws(SchemaMismatch) {
                try entry.params.value().check(params, in: call.document)
            } catch {
                throw .invalidParams("\(error.path) \(error.problem)", field: error.path)
            }
        } else if case .object(let properties) = entry.params.value(),
            let missing = properties.first(where: \.isRequired)
        {
            throw .invalidParams("\(missing.name) is missing", field: missing.name)
        }
        return entry.handler
    }

    private static func params<M: Method>(of call: Call) throws(AgentError) -> M {
        let decoder = JSONCoding.decoder()
        decoder.userInfo[RequestID.callKey] = call
        do {
            return try decoder.decode(M.self, from: Data(call.paramsText))
        } catch {
            // The schema was checked before; what is left is a value of the right shape that is still none of ours.
            throw .misfit(error)
        }
    }

    private static func encode<M: Method>(_ result: M.Result, of method: M.Type) throws(AgentError) -> [UInt8] {
        do {
            return Array(try JSONCoding.encoder(secrets: .revealed).encode(result))
        } catch {
            throw .internalError("the result of \(M.name) cannot be encoded")
        }
    }
}

/// A value that is made once, when it is first wanted.
private final class Deferred<Value: Sendable, Failure: Error>: Sendable {
    private let make: @Sendable () throws(Failure) -> Value
    private let made = Mutex<Value?>(nil)

    init(_ make: @escaping @Sendable () throws(Failure) -> Value) { self.make = make }

    func value() throws(Failure) -> Value {
        if let value = made.withLock({ $0 }) { return value }
        let value = try make()
        made.withLock { $0 = value }
        return value
    }
}
