internal import Glibc
internal import SystemPackage

/// A listening Unix socket of our own making, for where no service manager passes one.
public struct ListeningSocket: Sendable {
    public let path: String
    public let descriptor: CInt
    private let inode: ino_t

    /// Why there can be no socket at a path.
    public struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
        public var path: String
        public var detail: String
        public var description: String { "\(path): \(detail)" }

        fileprivate static func last(_ action: String, _ path: String) -> Problem {
            Problem(path: path, detail: "cannot \(action): \(Errno(rawValue: errno))")
        }
    }

    /// Clients that may wait to be accepted.
    private static let backlog: CInt = 128

    /// Makes the socket, for the owner alone; its folder too, where that is missing.
    public init(at path: String) throws(Problem) {
        self.path = path
        try Self.requireTrustworthyFolder(of: path)
        var address = try Self.address(of: path)
        try Self.makeRoom(at: path, &address)
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw .last("make a socket", path) }
        // bind makes the file with the socket's own mode (Linux): at no moment can others connect, and the process's
        // umask, which other threads use, stays as it is.
        guard fchmod(descriptor, 0o600) == 0, unsafe Self.call(bind, descriptor, &address) else {
            throw .last("listen there", path)
        }
        guard listen(descriptor, Self.backlog) == 0 else { throw .last("listen there", path) }
        inode = Self.status(of: path)?.st_ino ?? 0
    }

    /// Removes the socket, unless another has taken its place.
    public func remove() {
        guard Self.status(of: path)?.st_ino == inode else { return }
        unsafe unlink(path)
    }

    private static func requireTrustworthyFolder(of path: String) throws(Problem) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let folder = String(path[..<slash])
        guard !folder.isEmpty else { return }
        if unsafe mkdir(folder, 0o700) != 0, errno != EEXIST { throw .last("make this folder", folder) }
        guard let status = status(of: folder, followingLinks: true) else { throw .last("look at this folder", folder) }
        guard status.st_uid == geteuid() || status.st_uid == 0 else {
            let detail = "this folder belongs to user \(status.st_uid), who could put a socket of their own there"
            throw Problem(path: folder, detail: detail)
        }
        let isSticky = status.st_mode & S_ISVTX != 0
        guard status.st_mode & 0o022 == 0 || isSticky else {
            let mode = String(status.st_mode & 0o777, radix: 8)
            let detail = "others can write to this folder (mode \(mode)); run `chmod 700 \(folder)`"
            throw Problem(path: folder, detail: detail)
        }
    }

    /// A socket that nobody listens on is left over from an agent that was killed; anything else is not ours to remove.
    private static func makeRoom(at path: String, _ address: inout sockaddr_un) throws(Problem) {
        guard let status = status(of: path) else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Problem(path: path, detail: "there is something here that is no socket; move it away")
        }
        // A listener that accepts nobody must not make us wait.
        let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        let probe = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | flags, 0)
        defer { close(probe) }
        if unsafe call(connect, probe, &address) {
            let detail =
                "another program, most likely an agent, listens here already; stop it, or choose another "
                + "path with --socket"
            throw Problem(path: path, detail: detail)
        }
        guard errno == ECONNREFUSED else { throw .last("use the socket that is here", path) }
        guard unsafe unlink(path) == 0 else { throw .last("remove the socket that was left here", path) }
    }

    private static func address(of path: String) throws(Problem) -> sockaddr_un {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let capacity = MemoryLayout.size(ofValue: address.sun_path) - 1
        guard path.utf8.count <= capacity else {
            throw Problem(path: path, detail: "is longer than a Unix socket's path may be (\(capacity) bytes)")
        }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return address
    }

    private static func call(
        _ function: (CInt, UnsafePointer<sockaddr>?, socklen_t) -> CInt,
        _ descriptor: CInt,
        _ address: inout sockaddr_un
    ) -> Bool {
        unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe function(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
    }

    private static func status(of path: String, followingLinks: Bool = false) -> stat? {
        var status = stat()
        let result = unsafe followingLinks ? stat(path, &status) : lstat(path, &status)
        return result == 0 ? status : nil
    }
}
