internal import FoundationEssentials
internal import NIOSSL

/// The certificates that the system trusts: usually all in one file, and each in one of its own too, which is named by
/// its subject (openssl-rehash(1)).
struct SystemCertificates: Sendable {
    /// Where Debian, Arch, SUSE and their like have them.
    var bundle = "/etc/ssl/certs/ca-certificates.crt"
    var folder = "/etc/ssl/certs"

    /// The folder, where it has as many certificates to read as the bundle: of it only those are read that a server's
    /// certificate leads to. The bundle would be read as a whole, which costs the first connection its time, and the
    /// process a megabyte for good.
    var roots: NIOSSLTrustRoots {
        guard let text = FileManager.default.contents(atPath: bundle),
            let names = try? FileManager.default.contentsOfDirectory(atPath: folder)
        else { return .default }
        let files = names.count { Self.isSubject($0) && FileManager.default.isReadableFile(atPath: "\(folder)/\($0)") }
        let bytes = [UInt8](text)
        let certificates = bytes.indices.count { bytes[$0] == Self.begin[0] && bytes[$0...].starts(with: Self.begin) }
        return certificates > 0 && files >= certificates ? .file(folder) : .default
    }

    private static let begin = Array("-----BEGIN CERTIFICATE-----".utf8)

    /// Whether a name is a subject's: eight hexadecimal digits, and a number after a dot.
    private static func isSubject(_ name: String) -> Bool {
        let parts = name.utf8.split(separator: UInt8(ascii: "."), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].count == 8, !parts[1].isEmpty else { return false }
        return parts[0].allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
            && parts[1].allSatisfy { Character(Unicode.Scalar($0)).isNumber }
    }
}
