import Foundation
import Testing

/// A certificate and its key, which is its own authority; its files are gone with the value.
final class TestCertificate: Sendable {
    static let names = ["localhost", "example.org", "matrix.example.org", "other.example.org"]

    private let folder: URL
    let file: String
    let keyFile: String

    /// Made once, by openssl: a key that lies in a repository is soon somewhere else too.
    private static let making = Task { try await TestCertificate(names.map { "DNS:\($0)" }) }

    static var shared: TestCertificate { get async throws { try await making.value } }

    /// - Parameter names: as openssl has them, with their kind.
    /// - Throws: where openssl fails.
    init(_ names: [String]) async throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "jt-tls-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        file = folder.appending(path: "certificate.pem").path
        keyFile = folder.appending(path: "key.pem").path
        _ = try await Self.openssl(
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "1",
            "-subj",
            "/CN=Jeton tests",
            "-addext",
            "subjectAltName=\(names.joined(separator: ","))",
            "-keyout",
            keyFile,
            "-out",
            file
        )
    }

    /// The name by which it is looked for in a folder of certificates (openssl-rehash(1)).
    var subject: String {
        get async throws { try await Self.openssl("x509", "-noout", "-subject_hash", "-in", file) + ".0" }
    }

    /// What openssl says, in one line.
    private static func openssl(_ arguments: String...) async throws -> String {
        let openssl = Process()
        openssl.executableURL = URL(filePath: "/usr/bin/env")
        openssl.arguments = ["openssl"] + arguments
        openssl.standardError = FileHandle.nullDevice
        let output = Pipe()
        openssl.standardOutput = output
        try await withCheckedThrowingContinuation { (ending: CheckedContinuation<Void, any Error>) in
            openssl.terminationHandler = { _ in ending.resume() }
            do { try openssl.run() } catch { ending.resume(throwing: error) }
        }
        try #require(openssl.terminationStatus == 0)
        let said = try output.fileHandleForReading.readToEnd() ?? Data()
        return String(decoding: said, as: UTF8.self).trimmingCharacters(in: .newlines)
    }

    deinit { try? FileManager.default.removeItem(at: folder) }
}
