/// User-interactive authentication with the one flow that this server has, a password.
struct UserInteractiveAuth {
    /// What a session was begun for; Synapse refuses it for anything else.
    struct Operation: Equatable {
        var method: String
        var path: String
    }

    private struct Session {
        var operation: Operation
        /// In the order of completion; `account` is nil for stages that prove none.
        var completed: [(stage: String, account: String?)] = []

        mutating func complete(_ stage: String, account: String?) {
            completed.removeAll { $0.stage == stage }
            completed.append((stage, account))
        }
    }

    private var sessions: [String: Session] = [:]

    mutating func forgetSessions() { sessions = [:] }

    /// The account that `body`, alone or with what came before in its session, proves.
    ///
    /// A session stays completed: it proves the account again without a password, as on Synapse.
    mutating func account(
        provedBy body: [String: JSON],
        for operation: Operation,
        check: (_ auth: [String: JSON]) throws(Answer) -> String?
    ) throws(Answer) -> String {
        let auth = try Self.auth(in: body)
        var (id, session) = try session(named: auth["session"]?.string ?? "", for: operation)
        defer { sessions[id] = session }
        guard !auth.isEmpty else { throw Self.unfinished(id) }

        var refusal: [String: JSON] = [:]
        switch auth["type"] {
        case nil:
            break
        case "m.login.dummy":
            session.complete("m.login.dummy", account: nil)
        default:
            if let account = try check(auth) {
                session.complete("m.login.password", account: account)
            } else {
                refusal = ["errcode": "M_FORBIDDEN", "error": "Invalid username or password"]
            }
        }
        guard let account = session.completed.first(where: { $0.stage == "m.login.password" })?.account else {
            refusal["completed"] = .array(session.completed.map { .string($0.stage) })
            throw Self.unfinished(id, refusal)
        }
        return account
    }

    private func session(
        named id: String,
        for operation: Operation
    ) throws(Answer) -> (id: String, session: Session) {
        guard !id.isEmpty else { return (OpaqueString.authenticationSession(), Session(operation: operation)) }
        guard let session = sessions[id] else { throw .refused(400, "M_UNKNOWN", "Unknown session ID: \(id)") }
        guard session.operation == operation else {
            throw .refused(
                403,
                "M_UNKNOWN",
                "Requested operation has changed during the UI authentication session."
            )
        }
        return (id, session)
    }

    private static func unfinished(_ session: String, _ more: [String: JSON] = [:]) -> Answer {
        let members: [String: JSON] = [
            "session": .string(session),
            "flows": [["stages": ["m.login.password"]]],
            "params": [:],
        ]
        return Answer(401, members.merging(more) { _, new in new })
    }

    private static func auth(in body: [String: JSON]) throws(Answer) -> [String: JSON] {
        switch body["auth"] {
        case nil, .null: return [:]
        case .object(let auth): return auth
        case .string(let text): throw notAnObject("'\(text)'", "str")
        case .bool(let value): throw notAnObject(value ? "True" : "False", "bool")
        case .int(let value): throw notAnObject("\(value)", "int")
        case .double(let value): throw notAnObject("\(value)", "float")
        case .array: throw notAnObject("[]", "list")
        }
    }

    /// The words of pydantic, with which Synapse validates bodies.
    private static func notAnObject(_ value: String, _ type: String) -> Answer {
        .refused(
            400,
            "M_BAD_JSON",
            """
            1 validation error for UserInteractiveAuthBody
            auth
              Input should be a valid dictionary or instance of AuthenticationData \
            [type=model_type, input_value=\(value), input_type=\(type)]
                For further information visit https://errors.pydantic.dev/2.14/v/model_type
            """
        )
    }
}
