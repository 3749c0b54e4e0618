/// The end of a connection within this machine that a listener has accepted, as the kernel tells.
public struct AcceptedConnection: Sendable, Equatable {
    /// Whose it is; in a sandbox all other users' have one number that is nobody's.
    public var uid: Int

    /// The other end of a connection over loopback; nil where there is none, or no process has accepted it yet.
    /// - Parameters:
    ///   - port: where it was made to.
    ///   - ownPort: where it was made from.
    ///   - isIPv6: by which of the two loopback addresses.
    public init?(at port: Int, from ownPort: Int, isIPv6: Bool) {
        let found = TCPTable.current.lazy.compactMap { Self(in: $0, at: port, from: ownPort, isIPv6: isIPv6) }.first
        guard let found else { return nil }
        self = found
    }

    init?(in table: String, at port: Int, from ownPort: Int, isIPv6: Bool) {
        let reach: TCPListener.Reach = isIPv6 ? .ipv6 : .ipv4
        let row = TCPTable.rows(of: table).first { row in
            row.state == .established && row.local == .init(reach: reach, port: port)
                && row.remote == .init(reach: reach, port: ownPort) && row.inode != 0
        }
        guard let row else { return nil }
        uid = row.uid
    }
}
