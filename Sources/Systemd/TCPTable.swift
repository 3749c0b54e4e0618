internal import SystemPackage

/// The kernel's tables of TCP sockets (proc(5), `/proc/PID/net/tcp`).
enum TCPTable {
    /// A socket.
    struct Row {
        /// An address and its port.
        struct End: Equatable {
            /// Nil for an address that is not reached by loopback's.
            var reach: TCPListener.Reach?
            var port: Int
        }

        /// As the kernel's tcp_states.h has them.
        enum State: String {
            case established = "01"
            case listening = "0A"
        }

        var local: End
        var remote: End
        var state: State
        var uid: Int
        /// 0 as long as no process holds it.
        var inode: Int
    }

    /// Both of them, as they are now.
    static var current: [String] {
        // By the process: in the sandbox that is all there is of /proc.
        ["/proc/self/net/tcp", "/proc/self/net/tcp6"].map { file in
            String(decoding: (try? bytes(of: file)) ?? [], as: UTF8.self)
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

    /// Those that listen, or are connected.
    static func rows(of table: String) -> [Row] {
        table.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count > 9, let state = Row.State(rawValue: String(fields[3])), let local = end(fields[1]),
                let remote = end(fields[2]), let uid = Int(fields[7]), let inode = Int(fields[9])
            else { return nil }
            return Row(local: local, remote: remote, state: state, uid: uid, inode: inode)
        }
    }

    private static func end(_ text: Substring) -> Row.End? {
        let parts = text.split(separator: ":")
        guard parts.count == 2, let port = Int(parts[1], radix: 16) else { return nil }
        return Row.End(reach: reach(of: parts[0]), port: port)
    }

    /// Words stand there as the machine has them in memory.
    private static func reach(of address: Substring) -> TCPListener.Reach? {
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
}
