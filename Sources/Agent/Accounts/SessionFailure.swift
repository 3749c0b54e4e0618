internal import JetonAPI
internal import MatrixClient

/// Why a request in the name of an account failed.
enum SessionFailure: Error, Sendable, Equatable {
    /// The request itself failed, at the homeserver or on the way there.
    case matrix(MatrixError)
    /// The request was never sent, or refused for its access token alone: there is no session to make it with.
    case agent(AgentError)

    /// What the caller of a method is told.
    func agentError(at homeserver: HomeserverAddress) -> AgentError {
        switch self {
        case .matrix(let error): AgentError(error, at: homeserver)
        case .agent(let error): error
        }
    }
}
