/// User-interactive authentication: who has come how far on the way through a flow.
struct UserInteractiveAuth {
    /// What a client is told to choose from.
    struct Offer {
        /// Lists of stages.
        var flows: [[String]]
        var params: [String: JSON] = [:]
    }

    /// What comes of one try at a stage.
    enum Verdict {
        /// `account` is nil for stages that prove none.
        case passed(stage: String, account: String? = nil)
        /// To be tried again.
        case refused(errcode: String, error: String)
    }

    /// What a session was begun for; Synapse refuses it for anything else.
    struct Operation: Equatable {
        var method: String
        var path: String
    }

    private struct Session {
        var operation: Operation
        /// In the order of completion.
        var completed: [(stage: String, account: String?)] = []

        mutating func complete(_ stage: String, account: String?) {
            completed.removeAll { $0.stage == stage }
            completed.append((stage, account))
        }
    }

    private var sessions: [String: Session] = [:]

    mutating func forgetSessions() { sessions = [:] }

    /// A stage that was passed elsewhere, on its fallback page.
    mutating func complete(_ stage: String, of session: String, account: String?) {
        sessions[session]?.complete(stage, account: account)
    }

    func requireSession(_ id: String) throws(Answer) {
        guard sessions[id] != nil else { throw Self.unknown(id) }
    }

    private static func unknown(_ session: String) -> Answer {
        .refused(400, "M_UNKNOWN", "Unknown session ID: \(session)")
    }

    /// The account that `body`, alone or with what came before in its session, proves; nil: that the stages of a flow
    /// are done, none of which is about an account.
    ///
    /// A session stays completed: it proves the account again without a password, as on Synapse.
    mutating func account(
        provedBy body: [String: JSON],
        for operation: Operation,
        _ offer: Offer,
        check: (_ auth: [String: JSON]) throws(Answer) -> Verdict
    ) throws(Answer) -> String? {
        let auth = try Self.auth(in: body)
        var (id, session) = try session(named: auth["session"]?.string ?? "", for: operation)
        defer { sessions[id] = session }
        guard !auth.isEmpty else { throw Self.unfinished(id, offer) }

        var more: [String: JSON] = [:]
        if auth["type"] != nil {
            switch try check(auth) {
            case .passed(let stage, let account): session.complete(stage, account: account)
            case .refused(let errcode, let error): more = ["errcode": .string(errcode), "error": .string(error)]
            }
        }
        let completed = session.completed.map(\.stage)
        guard offer.flows.contains(where: { $0.allSatisfy(completed.contains) }) else {
            more["completed"] = .array(completed.map(JSON.string))
            throw Self.unfinished(id, offer, more)
        }
        return session.completed.compactMap(\.account).first
    }

    private func session(
        named id: String,
        for operation: Operation
    ) throws(Answer) -> (id: String, session: Session) {
        guard !id.isEmpty else { return (OpaqueString.authenticationSession(), Session(operation: operation)) }
        guard let session = sessions[id] else { throw Self.unknown(id) }
        guard session.operation == operation else {
            throw .refused(
                403,
                "M_UNKNOWN",
                "Requested operation has changed during the UI authentication session."
            )
        }
        return (id, session)
    }

    private static func unfinished(_ session: String, _ offer: Offer, _ more: [String: JSON] = [:]) -> Answer {
        let members: [String: JSON] = [
            "session": .string(session),
            "flows": .array(offer.flows.map { ["stages": .array($0.map(JSON.string))] }),
            "params": .object(offer.params),
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
