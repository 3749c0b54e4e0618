internal import FoundationEssentials
internal import SystemPackage

/// A TCP socket that listens on this machine, as the kernel tells (proc(5), `/proc/PID/net/tcp`).
public struct TCPListener: Sendable, Equatable {
    /// By which of the two loopback addresses it is reached.
    public enum Reach: Sendable { case ipv4, ipv6, either }

    public var reach: Reach
    /// Whose it is; in a sandbox all other users' have one number that is nobody's.
    public var uid: Int
    var inode: Int

    /// Those that are reached at a port of loopback.
    public static func all(at port: Int) -> [TCPListener] {
        // By the process: in the sandbox that is all there is of /proc.
        ["/proc/self/net/tcp", "/proc/self/net/tcp6"].flatMap { file in
            listeners(in: String(decoding: (try? bytes(of: file)) ?? [], as: UTF8.self), at: port)
        }
    }

    /// The kernel gives such a table by the page, which Foundation takes for the end of the file.
    private static func bytes(of file: String) throws -> [UInt8] {
        let descriptor = try FileDescriptor.open(FilePath(file), .readOnly, options: .closeOnExec)
        return try descriptor.closeAfter {
            var bytes: [UInt8] = []
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            while true {
                let count = unsafe try chunk.withUnsafeMutableBytes { unsafe try descriptor.read(into: $0) }
                guard count > 0 else { return bytes }
                bytes += chunk[..<count]
            }
        }
    }

    static func listeners(in table: String, at port: Int) -> [TCPListener] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, fields[3] == listening, let uid = Int(fields[7]), let inode = Int(fields[9]) else {
                return nil
            }
            let local = fields[1].split(separator: ":")
            guard local.count == 2, Int(local[1], radix: 16) == port, let reach = reach(of: local[0]) else {
                return nil
            }
            return TCPListener(reach: reach, uid: uid, inode: inode)
        }
    }

    /// TCP_LISTEN of the kernel's tcp_states.h.
    private static let listening = "0A"

    /// Nil for an address that is not reached by loopback's. Words stand there as the machine has them in memory.
    private static func reach(of address: Substring) -> Reach? {
        let digits = Array(address)
        let words = stride(from: 0, to: digits.count, by: 8).map { start in
            UInt32(String(digits[start..<min(start + 8, digits.count)]), radix: 16).map { UInt32(bigEndian: $0) }
        }
        switch words {
        case [0], [0x7F00_0001], [0, 0, 0xFFFF, 0], [0, 0, 0xFFFF, 0x7F00_0001]: return .ipv4
        case [0, 0, 0, 1]: return .ipv6
        // Unless it was told to be there for IPv6 alone, which does not show.
        case [0, 0, 0, 0]: return .either
        default: return nil
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
            return Holder(pid: pid, command: status.command, unit: LoginManager.userUnit(of: pid))
        }
        return nil
    }
}
