internal import JetonAPI
internal import NIOCore

/// One of the sockets that clients come by, and what all connections that do so have in common.
struct Entrance: Sendable {
    let socket: Caller.Socket
    let table: MethodTable<Caller>
    let limits: CurrentLimits
    /// Who alone may connect.
    let uid: Int
    let identify: @Sendable (CInt) throws -> Peer
    /// Told of each connection, whether it is served.
    let admitted: @Sendable (Bool) -> Void
    let executor: EventLoopTaskExecutor
    let open: NIOLoopBound<OpenConnections>

    var connections: OpenConnections { open.value }

    /// Lets a new connection in, or says why not.
    func admit(_ handler: ConnectionHandler, _ channel: any Channel) throws(AgentError) -> Caller {
        var isAdmitted = false
        defer { admitted(isAdmitted) }
        guard let peer = try? peer(of: channel) else {
            throw AgentError(.forbidden, "The kernel does not tell who asks.")
        }
        guard peer.uid == uid else { throw AgentError(.forbidden, "This agent serves its own user only.") }
        let number = try connections.enter(handler, by: socket, pid: peer.pid)
        isAdmitted = true
        return Caller(handler, on: channel, number: number, socket, peer, handler.limits)
    }

    private func peer(of channel: any Channel) throws -> Peer {
        let peer = try channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
            try identify($0)
        }
        guard let peer else { throw ChannelError.operationUnsupported }
        return peer
    }
}
