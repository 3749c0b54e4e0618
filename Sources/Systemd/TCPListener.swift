internal import FoundationEssentials

/// A TCP socket that listens on this machine, as the kernel tells (proc(5), `/proc/PID/net/tcp`).
public struct TCPListener: Sendable, Equatable {
    /// By which of the two loopback addresses it is reached.
    public enum Reach: Sendable { case ipv4, ipv6, either }

    public var reach: Reach
    /// Whose it is; in a sandbox all other users' have one number that is nobody's.
    public var uid: Int
    /// The kernel's number of the socket.
    public var inode: Int

    /// Those that are reached at a port of loopback.
    public static func all(at port: Int) -> [TCPListener] {
        TCPTable.current.flatMap { listeners(in: $0, at: port) }
    }

    static func listeners(in table: String, at port: Int) -> [TCPListener] {
        TCPTable.rows(of: table).compactMap { row in
            guard row.state == .listening, row.local.port == port, let reach = row.local.reach else { return nil }
            return TCPListener(reach: reach, uid: row.uid, inode: row.inode)
        }
    }

    /// The process that holds the socket: its number, and what it calls itself.
    public struct Holder: Sendable, Equatable {
        public var pid: Int
        public var command: String
        /// The unit of the user's service manager that it belongs to.
        public var unit: String?
    }

    /// Looks through all processes for the one that holds the socket.
    /// - Returns: nil where that cannot be seen from here: the kernel shows it to equals only, and whoever is in a
    ///   user namespace of its own is not the equal of those outside.
    public var holder: Holder? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        let link = "socket:[\(inode)]"
        for pid in names.compactMap({ Int($0) }).sorted() {
            let folder = "/proc/\(pid)/fd"
            let descriptors = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
            let holds = descriptors.contains {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")) == link
            }
            guard holds, let status = ProcessStatus(of: pid) else { continue }
            return Holder(pid: pid, command: status.command, unit: ControlGroup.userUnit(of: pid))
        }
        return nil
    }
}
