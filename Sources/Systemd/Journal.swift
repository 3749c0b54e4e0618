internal import CSystemd
internal import FoundationEssentials
internal import Glibc
public import SystemPackage

/// The journal, written to by its own protocol, so that fields stay fields.
public enum Journal {
    /// Whether stderr is the journal's stream (systemd.exec(5), JOURNAL_STREAM): only then is the protocol used.
    public static var isConnected: Bool {
        guard let stream = ProcessInfo.processInfo.environment["JOURNAL_STREAM"] else { return false }
        let parts = stream.split(separator: ":").compactMap { UInt64($0) }
        var status = stat()
        guard parts.count == 2, unsafe fstat(STDERR_FILENO, &status) == 0 else { return false }
        return parts[0] == UInt64(status.st_dev) && parts[1] == UInt64(status.st_ino)
    }

    /// Sends one entry; names must be upper case letters, digits and underscores.
    /// - Throws: `Errno`; nothing is retried.
    public static func send(_ fields: [(name: String, value: String)]) throws(Errno) {
        let texts = fields.map { Array("\($0.name)=\($0.value)".utf8) }
        let bytes = texts.flatMap { $0 }
        let result = unsafe bytes.withUnsafeBytes { bytes in
            var offset = 0
            let parts = unsafe texts.map { text in
                defer { offset += text.count }
                // The C signature wants a mutable pointer; sd_journal_sendv only reads.
                let start = unsafe UnsafeMutableRawPointer(mutating: bytes.baseAddress?.advanced(by: offset))
                return unsafe iovec(iov_base: start, iov_len: text.count)
            }
            return unsafe sd_journal_sendv(parts, CInt(parts.count))
        }
        _ = try Errno.check(result)
    }
}
