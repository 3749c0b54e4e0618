internal import JetonAPI
internal import Systemd

extension Peer {
    /// The process at the other end of a connection, as the kernel attests it.
    init(ofSocket descriptor: CInt) throws {
        let peer = try PeerProcess(ofSocket: descriptor)
        self.init(
            pid: peer.pid,
            uid: peer.uid,
            terminal: { peer.details(ofSocket: descriptor)?.terminal },
            hasEnded: { peer.hasEnded(ofSocket: descriptor) }
        ) { Requester(peer, peer.details(ofSocket: descriptor)) }
    }
}

extension Requester {
    /// Without details, where the process has gone.
    fileprivate init(_ peer: PeerProcess, _ details: PeerDetails?) {
        self.init(
            pid: peer.pid,
            uid: peer.uid,
            command: details?.command,
            unit: details?.unit,
            session: details?.session,
            parents: details?.parents.map { Parent(pid: $0.pid, command: $0.command) },
            terminal: details?.terminal
        )
    }
}
