internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import RPCClient

/// Why the command could not do its work: a sentence, a status, and what the agent said, if it said something.
struct Failure: Error {
    var status: ExitStatus
    var message: String
    var agentError: AgentError?

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        self.message = message
    }

    init(_ problem: RPCClient.Problem) {
        switch problem {
        case .unreachable, .closed, .impostor:
            self.init(.agentUnreachable, problem.description)
        case .garbled: self.init(.failed, problem.description)
        case .refused(let error):
            self.init(ExitStatus(error.kind), Self.sentence(of: error))
            agentError = error
        }
    }

    /// Requests are made here: where one is none, what it was made of is too long, or means two things.
    private static func sentence(of error: AgentError) -> String {
        guard error.kind == .invalidRequest, let detail = error.data["detail"]?.stringValue else {
            return error.message
        }
        return "the agent cannot take what was given: \(detail)"
    }

    /// A question that has gone meanwhile was no mistake of the user's; nil where it is something else.
    init?(goneQuestion problem: RPCClient.Problem) {
        guard case .refused(let error) = problem, error.data["field"] == "consent_id" else { return nil }
        self.init(.failed, error.message)
        agentError = error
    }

    /// Tells the user on stderr, or a program there as JSON, and ends.
    func exit(asJSON: Bool) -> Never {
        if asJSON {
            var error: [String: JSONValue] = [
                "message": .string(message), "exit_status": .integer(Int(status.rawValue)),
            ]
            if let agentError {
                error["code"] = .integer(agentError.kind.code)
                error["data"] = .object(agentError.data.merging(["kind": .string(agentError.kind.rawValue)]) { $1 })
            }
            Output.complain(json: JSONValue.object(["error": .object(error)]))
        } else {
            Output.complain(problem: message)
        }
        Glibc.exit(status.rawValue)
    }
}
