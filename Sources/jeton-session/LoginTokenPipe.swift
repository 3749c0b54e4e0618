internal import Glibc
internal import JetonAPI

/// Where the login token comes from: a descriptor, so that it stands in no argument and no environment.
enum LoginTokenPipe {
    private static let descriptor: CInt = 3
    /// Far longer than any.
    private static let maximumBytes = 8192

    static func read() throws(Problem) -> Secret {
        // If nobody has given us one, it may be a descriptor of Swift's own.
        var status = stat()
        guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT != 0 else { throw missing }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        while bytes.count < maximumBytes {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        close(descriptor)
        let line = bytes.prefix { $0 != UInt8(ascii: "\n") }
        let token = Secret(String(decoding: line, as: UTF8.self))
        guard token.isPrintable else { throw missing }
        return token
    }

    private static var missing: Problem {
        Problem("there is no login token on descriptor \(descriptor); `jeton session` provides one")
    }
}
