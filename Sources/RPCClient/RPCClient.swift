internal import FoundationEssentials
internal import Glibc
public import JetonAPI
public import SystemPackage

/// Calls the agent's methods, one after the other, and waits for each answer.
public final class RPCClient {
    /// Why there is no answer.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case unreachable(path: String, Errno)
        /// Another user's program answers there.
        case impostor(path: String, uid: Int)
        case closed
        case garbled(String)
        case refused(AgentError)

        public var description: String {
            switch self {
            case .unreachable(let path, let error): "no agent answers at \(path) (\(error)). \(error.cure)"
            case .impostor(let path, let uid):
                "what listens at \(path) belongs to user \(uid), not to you; nothing was sent to it"
            case .closed: "the agent closed the connection without an answer; its log says why"
            case .garbled(let detail): "what answers there does not speak as the agent does: \(detail)"
            case .refused(let error): error.message
            }
        }
    }

    private let path: String
    private let socket: UnixSocket
    private var lastID = 0
    /// What came while an answer was waited for.
    private var notifications: [Notification] = []

    /// What the agent says unasked.
    public struct Notification: Sendable {
        public var method: String
        /// An object, as JSON.
        public var params: [UInt8]
    }

    /// - Parameters:
    ///   - path: the agent's socket.
    ///   - patience: how long the agent may take for each step; nil: as long as it likes, for it may ask the user.
    /// - Throws: why nobody trustworthy answers there.
    public init(path: String, patience: Duration? = nil) throws(Problem) {
        self.path = path
        do {
            socket = try UnixSocket(connectingTo: path, patience: patience)
        } catch {
            throw .unreachable(path: path, error)
        }
        // A password must not go to whoever was first to listen at this path.
        let owner = socket.peerUID
        guard owner == Int(geteuid()) || owner == 0 else { throw .impostor(path: path, uid: owner ?? -1) }
    }

    /// Calls a method as it is declared.
    public func call<M: Method>(_ params: M) throws(Problem) -> M.Result {
        try Self.decode(try call(method: M.name, params: Self.encode(params)), of: M.self)
    }

    /// Calls a method whose answer takes its time.
    /// - Parameters:
    ///   - params: of the method.
    ///   - wait: called once all is sent, with the descriptor that becomes readable when the answer comes. What it
    ///     throws is passed on, and the client is of no use afterwards.
    /// - Returns: the result.
    /// - Throws: `Problem`, or what `wait` threw.
    public func call<M: Method>(_ params: M, waiting wait: (_ descriptor: CInt) throws -> Void) throws -> M.Result {
        let sending = send(M.name, Self.encode(params))
        if case .success = sending { try wait(socket.descriptor) }
        return try Self.decode(try receive(after: sending), of: M.self)
    }

    /// Calls a method by its name.
    /// - Parameters:
    ///   - method: as in `agent.status`.
    ///   - params: a JSON object.
    /// - Returns: the result, as JSON.
    /// - Throws: why there is none; `refused` carries the agent's own error.
    public func call(method: String, params: [UInt8]) throws(Problem) -> [UInt8] {
        try receive(after: send(method, params))
    }

    private func send(_ method: String, _ params: [UInt8]) -> Result<Void, Errno> {
        lastID += 1
        var line = Array("{\"jsonrpc\":\"2.0\",\"id\":\(lastID),\"method\":".utf8)
        line += Self.encode(method) + Array(",\"params\":".utf8) + Self.onOneLine(params) + Array("}\n".utf8)
        return Result { () throws(Errno) in try socket.write(line) }
    }

    private func receive(after sending: Result<Void, Errno>) throws(Problem) -> [UInt8] {
        while let document = try nextMessage(after: sending) {
            guard let notification = Self.notification(in: document) else { return try Self.result(in: document) }
            notifications.append(notification)
        }
        throw .closed
    }

    /// Waits for what the agent says unasked, after a subscription.
    /// - Returns: nil where the agent has closed the connection.
    public func nextNotification() throws(Problem) -> Notification? {
        if !notifications.isEmpty { return notifications.removeFirst() }
        while let document = try nextMessage(after: .success(())) {
            if let notification = Self.notification(in: document) { return notification }
        }
        return nil
    }

    /// What becomes readable when the agent says something.
    public var descriptor: CInt { socket.descriptor }

    /// An agent that refuses us says why before it closes: what it said is there even if it does not listen.
    private func nextMessage(after sending: Result<Void, Errno>) throws(Problem) -> JSONDocument? {
        let line: [UInt8]
        do {
            let reading = Result { () throws(Errno) in try socket.readLine() }
            if case .success(let read?) = reading {
                line = read
            } else {
                try sending.get()
                guard let read = try reading.get() else { return nil }
                line = read
            }
        } catch {
            throw .unreachable(path: path, error)
        }
        do {
            return try JSONDocument(line)
        } catch {
            throw .garbled(error.reason)
        }
    }

    private static func notification(in document: JSONDocument) -> Notification? {
        guard document.root["id"] == nil, let node = document.root["method"], let method = document.string(of: node)
        else { return nil }
        return Notification(method: method, params: document.root["params"].map { Array(document.text(of: $0)) } ?? [])
    }

    /// Between tokens a newline is a space, and within one it is a mistake that the agent will name.
    private static func onOneLine(_ json: [UInt8]) -> [UInt8] {
        json.map { $0 == UInt8(ascii: "\n") ? UInt8(ascii: " ") : $0 }
    }

    private static func result(in document: JSONDocument) throws(Problem) -> [UInt8] {
        if let result = document.root["result"] { return Array(document.text(of: result)) }
        guard let node = document.root["error"],
            let object = try? JSONDecoder().decode(JSONValue.self, from: Data(document.text(of: node)))
        else { throw .garbled("neither a result nor an error") }
        throw .refused(AgentError(json: object))
    }

    private static func decode<M: Method>(_ result: [UInt8], of method: M.Type) throws(Problem) -> M.Result {
        do {
            return try JSONCoding.decoder().decode(M.Result.self, from: Data(result))
        } catch {
            throw .garbled("the result of \(M.name) is not as declared; agent and command may differ in version")
        }
    }

    private static func encode(_ value: some Encodable) -> [UInt8] {
        guard let data = try? JSONCoding.encoder(secrets: .revealed).encode(value) else {
            preconditionFailure("params that are not JSON")
        }
        return Array(data)
    }
}

extension Errno {
    /// What to do about a connection that failed.
    fileprivate var cure: String {
        switch self {
        case .noSuchFileOrDirectory, .connectionRefused:
            "Start it with `systemctl --user enable --now jetond.socket`, or run `jetond`."
        case .wouldBlock, .resourceTemporarilyUnavailable: "It did not answer in time."
        case .permissionDenied, .notPermitted: "The socket belongs to somebody else."
        case .fileNameTooLong: "The path is longer than a Unix socket's may be (107 bytes)."
        default: "`systemctl --user status jetond` may tell more."
        }
    }
}
