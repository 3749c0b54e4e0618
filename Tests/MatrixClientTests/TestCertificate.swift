import Foundation
import Testing

/// A certificate for the names below, which is its own authority.
struct TestCertificate: Sendable {
    static let names = ["localhost", "example.org", "matrix.example.org", "other.example.org"]

    let file: String
    let keyFile: String

    /// Made once, by openssl: a key that lies in a repository is soon somewhere else too.
    static let shared = Result { try TestCertificate(names.map { "DNS:\($0)" }) }

    /// - Parameter names: as openssl has them, with their kind.
    /// - Throws: where openssl fails.
    init(_ names: [String]) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "jt-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        file = folder.appending(path: "certificate.pem").path
        keyFile = folder.appending(path: "key.pem").path
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/env")
        openssl.arguments = [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
            "-subj", "/CN=Jeton tests", "-addext", "subjectAltName=\(names.joined(separator: ","))", "-keyout", keyFile,
            "-out", file,
        ]
        openssl.standardError = FileHandle.nullDevice
        try openssl.run()
        openssl.waitUntilExit()
        try #require(openssl.terminationStatus == 0)
    }
}
