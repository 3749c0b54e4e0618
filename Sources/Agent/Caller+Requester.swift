internal import JetonAPI

extension Caller {
    /// Who asks for what a user has to agree to, and will be told about: refused where that can no longer be known,
    /// because the process that connected has ended and another one uses its connection.
    func requester() throws(AgentError) -> Requester {
        let requester = peer.requester()
        guard requester.command != nil || !peer.hasEnded() else { throw .requesterEnded }
        return requester
    }
}

extension AgentError {
    fileprivate static var requesterEnded: AgentError {
        let detail = "The process that made this connection has ended, so nobody can tell who asks"
        return AgentError(.forbidden, "\(detail); connect anew.", ["detail": .string(detail)])
    }
}
