import Foundation
import NIOPosix
import NIOSSL
import Testing

@testable import MatrixClient

/// Where the system's certificates are read from, and that they are found there.
@Suite(.timeLimit(.minutes(5)))
final class SystemCertificatesTests {
    private let place: URL
    private let system: SystemCertificates

    init() throws {
        place = FileManager.default.temporaryDirectory.appending(path: "jt-roots-\(UUID().uuidString)")
        system = SystemCertificates(bundle: place.appending(path: "all.crt").path, folder: place.path)
        try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: place) }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: place.appending(path: name))
    }

    /// As good as certificates to whoever only counts them.
    private func fill(bundle count: Int, files: [String]) throws {
        let certificate = "# Some authority\n-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
        try write(String(repeating: certificate, count: count), to: "all.crt")
        for name in files { try write(certificate, to: name) }
    }

    @Test func `of a folder that has them all, named by their subjects, only those are read that are needed`() throws {
        try fill(bundle: 3, files: ["0a1b2c3d.0", "0a1b2c3d.1", "ffffffff.10", "README"])
        #expect(system.roots == .file(place.path))
    }

    @Test(arguments: [
        [], ["0a1b2c3d.0"], ["0a1b2c3d.0", "0a1b2c3d.r1"], ["0a1b2c3d.0", "Some_authority.pem"],
        ["0a1b2c3d.0", "0a1b2c3.1"], ["0a1b2c3d.0", "0a1b2c3g.1"],
    ])
    func `where the folder lacks one that the bundle has, the bundle is read`(files: [String]) throws {
        try fill(bundle: 2, files: files)
        #expect(system.roots == .default)
    }

    @Test func `a link that leads nowhere is no certificate`() throws {
        try fill(bundle: 1, files: [])
        let link = place.appending(path: "0a1b2c3d.0").path
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "gone.crt")
        #expect(system.roots == .default)
    }

    @Test func `where there is no bundle, or nothing in it, all is left as TLS has it`() throws {
        #expect(system.roots == .default)
        try write("", to: "all.crt")
        #expect(system.roots == .default)
    }

    /// Whether a server with a certificate is believed by an agent on this system.
    private func isBelieved(_ certificate: TestCertificate) async throws -> Bool {
        let server = try await LocalServer(certificate) { _ in .init(body: #"{"versions":["v1.15"]}"#) }
        let transport = try HTTPTransport(
            on: MultiThreadedEventLoopGroup.singleton,
            deadlines: .forBusyMachines,
            hosts: ["example.org": "127.0.0.1"],
            system: system
        )
        let address = try HomeserverAddress("https://example.org:\(server.port)")
        let versions = try? await MatrixClient(homeserver: address, transport: transport).versions()
        try await transport.shutdown()
        try await server.stop()
        return versions != nil
    }

    @Test func `a server is believed by what is in the folder, and by that alone`() async throws {
        let (ours, other) = (
            try await TestCertificate(["DNS:example.org"]), try await TestCertificate(["DNS:example.org"])
        )
        let text = try String(contentsOfFile: ours.file, encoding: .utf8)
        try write(text, to: "all.crt")
        try write(text, to: try await ours.subject)
        #expect(system.roots == .file(place.path))
        #expect(try await isBelieved(ours))
        #expect(try await !isBelieved(other))
    }
}
