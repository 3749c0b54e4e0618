/// A request or notification that is well formed; whether its method exists is the table's to say.
public struct Call: Sendable {
    /// Nil in a notification, which gets no answer whatever happens.
    public var id: RequestID?
    public var method: String
    public var params: JSONNode?
    /// The text that `params` points into.
    public var document: JSONDocument

    /// The params' own bytes; an empty object where there are none.
    var paramsText: ArraySlice<UInt8> { params.map { document.text(of: $0) } ?? [0x7B, 0x7D] }
}

/// What one line on the socket says (JSON-RPC 2.0, sections 4 and 6).
public enum Incoming: Sendable {
    case call(Call)
    /// A batch: its calls, and answers already decided for the members that were none.
    case batch([Result<Call, Refusal>])
    case refused(Refusal)

    /// A line, or a member of a batch, that is no request.
    public struct Refusal: Error, Sendable {
        public var id: RequestID
        public var error: AgentError

        public init(id: RequestID = .null, error: AgentError) {
            self.id = id
            self.error = error
        }
    }

    /// More would let one line of 64 KiB start ten thousand tasks.
    public static let maximumBatch = 32

    public init(line: [UInt8]) {
        guard (try? UTF8Span(validating: line.span)) != nil else {
            self = .refused(.init(error: .parseError("the line is not UTF-8")))
            return
        }
        let document: JSONDocument
        do {
            document = try JSONDocument(line)
        } catch {
            self = .refused(.init(error: .parseError("at byte \(error.offset): \(error.reason)")))
            return
        }
        guard case .array(let nodes) = document.root.content else {
            self =
                switch Self.call(document.root, in: document) {
                case .success(let call): .call(call)
                case .failure(let refusal): .refused(refusal)
                }
            return
        }
        self = Self.batch(nodes, in: document)
    }

    private static func batch(_ nodes: [JSONNode], in document: JSONDocument) -> Incoming {
        if nodes.isEmpty { return .refused(.init(error: .invalidRequest("a batch must have at least one request"))) }
        if nodes.count > maximumBatch {
            let problem = "a batch has at most \(maximumBatch) requests, this one \(nodes.count)"
            return .refused(.init(error: .invalidRequest(problem)))
        }
        return .batch(nodes.map { call($0, in: document) })
    }

    private static func call(_ node: JSONNode, in document: JSONDocument) -> Result<Call, Refusal> {
        guard node.members != nil else {
            return .failure(.init(error: .invalidRequest("a request must be an object, not \(node.kindName)")))
        }
        var id: RequestID?
        if let idNode = node["id"] {
            id = RequestID(idNode, in: document)
            if id == nil {
                let problem = "id must be a string, a number or null, not \(idNode.kindName)"
                return .failure(.init(error: .invalidRequest(problem)))
            }
        }
        func refuse(_ problem: String) -> Result<Call, Refusal> {
            .failure(.init(id: id ?? .null, error: .invalidRequest(problem)))
        }
        if let duplicate = document.duplicates.first(where: { node.range.contains($0.offset) }) {
            return .failure(.init(error: .invalidRequest("\"\(duplicate.name.prefix(64))\" is given twice")))
        }
        guard let version = node["jsonrpc"], document.string(of: version) == "2.0" else {
            return refuse("jsonrpc must be \"2.0\"")
        }
        guard let methodNode = node["method"], let method = document.string(of: methodNode) else {
            return refuse("method must be a string")
        }
        let params = node["params"]
        switch params?.content {
        case nil, .object, .array: break
        default: return refuse("params must be an object, not \(params?.kindName ?? "absent")")
        }
        return .success(Call(id: id, method: method, params: params, document: document))
    }
}
