internal import Glibc
internal import JetonAPI
internal import SystemPackage

/// A secret that a script hands over: one line on standard input, never an argument or the environment.
enum StandardInput {
    /// More than any homeserver's token has, and so little that it fits into a request.
    private static let maximumBytes = 16384

    static func line(_ what: String) throws(Failure) -> String {
        let line = oneLine()
        guard !line.isEmpty else {
            throw Failure(.usage, "standard input gave no \(what); its first line must be the \(what)")
        }
        guard line.count <= maximumBytes else {
            throw Failure(.usage, "a \(what) has at most \(maximumBytes) bytes; standard input gave a longer line")
        }
        // What is put in place of bytes that are no text would be tried as a password, and count as a wrong one.
        guard let text = String(validating: line, as: UTF8.self) else {
            throw Failure(.usage, "the \(what) from standard input is not UTF-8")
        }
        return text
    }

    /// A login token; nil where there is none.
    static func token() -> Secret? {
        let token = Secret(String(decoding: oneLine(), as: UTF8.self))
        return token.isPrintable ? token : nil
    }

    /// Byte by byte: what follows the line is for a command that comes in our place.
    /// - Returns: no more than shows that it is too long.
    private static func oneLine() -> [UInt8] {
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while line.count <= maximumBytes {
            let count = unsafe read(STDIN_FILENO, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1, byte != UInt8(ascii: "\n") else { break }
            line.append(byte)
        }
        return line
    }

    /// Sixteen times what the agent takes, unless it was told otherwise.
    private static let maximumBytesInAll = 16 * SocketLimits().messageBytes

    /// All that it gives, to its end.
    static func everything(_ what: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while bytes.count <= maximumBytesInAll {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw Failure(.usage, "standard input cannot be read: \(Errno(rawValue: errno).description)")
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
        }
        throw Failure(.usage, "\(what) have at most \(maximumBytesInAll) bytes; standard input gave more")
    }
}
