internal import JetonAPI

extension Caller {
    /// The caller at the other end of a connection.
    convenience init(_ connection: Connection, number: Int, _ entrance: Entrance, _ peer: Peer) {
        let socket = connection.socket
        let outlet = connection.outlet
        let inbox = entrance.thread.inbox
        let connection = ThreadBound(connection, inbox)
        self.init(
            connection: number,
            socket: entrance.socket,
            peer: Peer(
                pid: peer.pid,
                uid: peer.uid,
                terminal: { socket.whileOpen(peer.terminal) ?? nil },
                hasEnded: { socket.whileOpen(peer.hasEnded) ?? false }
            ) {
                socket.whileOpen(peer.requester) ?? Requester(pid: peer.pid, uid: peer.uid)
            },
            send: { message in
                guard outlet.admits(message.count) else { return false }
                inbox.execute { connection.value.notify(message) }
                return true
            },
            withdraw: { connection.value.cancel($0) },
            observeEnd: { outlet.whenEnded($0) },
            observeReading: { action in inbox.execute { connection.value.whenReading(action) } }
        )
    }
}
