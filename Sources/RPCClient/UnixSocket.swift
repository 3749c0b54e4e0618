internal import Glibc
internal import SystemPackage

/// A connected Unix stream socket, read by lines. It blocks: its user is a command with one thing to do.
final class UnixSocket {
    let descriptor: CInt
    private let patience: Duration?
    private var received: [UInt8] = []

    /// - Parameters:
    ///   - path: at most 107 bytes.
    ///   - patience: how long each step may take; nil: as long as it likes.
    /// - Throws: the kernel's error.
    init(connectingTo path: String, patience: Duration? = nil) throws(Errno) {
        self.patience = patience
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        if let patience { setDeadlines(patience) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
        // What throws is closed by deinit: all that it has is there.
        guard path.utf8.count <= capacity else { throw Errno.fileNameTooLong }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Errno(rawValue: errno) }
    }

    deinit { close(descriptor) }

    private func setDeadlines(_ patience: Duration) {
        let (seconds, attoseconds) = patience.components
        var time = timeval(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            unsafe setsockopt(descriptor, SOL_SOCKET, option, &time, socklen_t(MemoryLayout<timeval>.size))
        }
    }

    /// Whose program listens at the other end (SO_PEERCRED, unix(7)).
    var peerUID: Int? {
        // struct ucred, which glibc hides.
        var peer: (pid: Int32, uid: UInt32, gid: UInt32) = (0, 0, 0)
        var length = socklen_t(MemoryLayout.size(ofValue: peer))
        return unsafe getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? Int(peer.uid) : nil
    }

    func write(_ bytes: [UInt8]) throws(Errno) {
        var rest = bytes[...]
        while !rest.isEmpty {
            // MSG_NOSIGNAL: an agent that has gone is an error, not the end of this process.
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count < 0, errno != EINTR { throw Errno(rawValue: errno) }
            rest = rest.dropFirst(max(count, 0))
        }
    }

    /// The next line without its newline; nil where the other side has closed.
    func readLine() throws(Errno) -> [UInt8]? {
        var searched = 0
        let deadline = patience.map { ContinuousClock.now.advanced(by: $0) }
        while true {
            if let end = received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeFirst(end + 1) }
                return Array(received[..<end])
            }
            searched = received.count
            if let deadline {
                // For the line as a whole: what comes byte by byte takes as long as what does not come.
                let left = ContinuousClock.now.duration(to: deadline)
                guard left > .milliseconds(1) else { throw .wouldBlock }
                setDeadlines(left)
            }
            var chunk = [UInt8](repeating: 0, count: 16 * 1024)
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 { return nil }
            if count < 0, errno != EINTR { throw Errno(rawValue: errno) }
            if count > 0 { received.append(contentsOf: chunk[..<count]) }
        }
    }
}

/// What else listens at paths: a display server.
public enum SocketProbe {
    /// Whether somebody listens at a path, and takes a connection at once.
    public static func isListening(at path: String) -> Bool {
        (try? UnixSocket(connectingTo: path, patience: .seconds(2))) != nil
    }
}
