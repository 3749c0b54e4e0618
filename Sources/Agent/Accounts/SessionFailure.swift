internal import JetonAPI
internal import MatrixClient

/// Why a request in the name of an account failed.
enum SessionFailure: Error, Sendable, Equatable {
    /// By the homeserver, or on the way there.
    case matrix(MatrixError)
    /// By us: the session is over, or could not be kept.
    case agent(AgentError)

    /// What the caller of a method is told.
    func agentError(at homeserver: HomeserverAddress) -> AgentError {
        switch self {
        case .matrix(let error): AgentError(error, at: homeserver)
        case .agent(let error): error
        }
    }
}
