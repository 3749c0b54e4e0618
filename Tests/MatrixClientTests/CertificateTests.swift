import NIOPosix
import Testing

@testable import MatrixClient

/// Whom TLS lets us believe. All names of these tests lead to loopback.
@Suite(.serialized, .timeLimit(.minutes(5)))
struct CertificateTests {
    private static let versions = LocalServer.Answer(body: #"{"versions":["v1.15"]}"#)

    /// Asks a server with a certificate for `names` for its versions, under the name `host`.
    private func ask(
        _ host: String,
        of names: [String],
        scheme: String = "https",
        isTrusted: Bool = true
    ) async throws -> (failure: MatrixError.Failure?, requests: Int) {
        let certificate = try await TestCertificate(names)
        let server = try await LocalServer(certificate) { _ in Self.versions }
        let transport = try HTTPTransport(
            on: MultiThreadedEventLoopGroup.singleton,
            caFile: isTrusted ? certificate.file : nil,
            deadlines: .forBusyMachines,
            hosts: host.contains("example") ? [host: "127.0.0.1"] : [:]
        )
        let client = MatrixClient(
            homeserver: try HomeserverAddress("\(scheme)://\(host):\(server.port)"),
            transport: transport
        )
        var failure: MatrixError.Failure?
        do throws(MatrixError) {
            _ = try await client.versions()
            _ = try await client.versions()
        } catch {
            guard case .unreachable(let found) = error else { throw error }
            failure = found
        }
        try await transport.shutdown()
        try await server.stop()
        return (failure, server.requests.count)
    }

    @Test(arguments: [
        ("example.org", ["DNS:example.org"]), ("example.org", ["IP:127.0.0.1", "DNS:other.org", "DNS:EXAMPLE.org"]),
        ("matrix.example.org", ["DNS:*.example.org"]), ("matrix.example.org", ["IP:127.0.0.1", "DNS:*.example.org"]),
        ("127.0.0.1", ["IP:127.0.0.1"]), ("127.0.0.1", ["DNS:example.org", "IP:127.0.0.1"]),
    ])
    func `a certificate for the host that was asked for is believed`(_ host: String, _ names: [String]) async throws {
        let (failure, requests) = try await ask(host, of: names)
        #expect(failure == nil)
        #expect(requests == 2)
    }

    @Test(arguments: [
        ("example.org", ["DNS:other.org"]), ("127.0.0.1", ["DNS:example.org"]), ("127.0.0.1", ["IP:127.0.0.2"]),
        // Whoever forges a name's address has a certificate for their own.
        ("example.org", ["IP:127.0.0.1"]), ("example.org", ["IP:127.0.0.1", "DNS:attacker.org"]),
        ("example.org", ["IP:127.0.0.1", "DNS:*.example.org"]), ("matrix.example.org", ["IP:127.0.0.1", "DNS:*.org"]),
    ])
    func `promise 13: a certificate for any other is not, and nothing is asked`(_ host: String, _ names: [String])
        async throws
    {
        let (failure, requests) = try await ask(host, of: names)
        #expect(failure?.stage == .tls)
        #expect(failure?.detail.contains("is for another name") == true)
        #expect(failure?.mayHaveArrived == false)
        #expect(requests == 0)
    }

    @Test func `promise 13: a certificate of an unknown authority is not believed`() async throws {
        let (failure, requests) = try await ask("example.org", of: ["DNS:example.org"], isTrusted: false)
        #expect(failure?.stage == .tls)
        #expect(failure?.detail.contains("ca_file") == true)
        #expect(requests == 0)
    }

    @Test func `plain http to a port that speaks TLS is told`() async throws {
        let (failure, requests) = try await ask("127.0.0.1", of: ["IP:127.0.0.1"], scheme: "http")
        #expect(failure?.stage == .request)
        #expect(requests == 0)
    }

    @Test(arguments: [
        ("example.org", "example.org", true), ("example.org.", "EXAMPLE.org", true), ("example.org", "*.org", false),
        ("a.example.org", "*.example.org", true), ("a.b.example.org", "*.example.org", false),
        ("example.org", "*.example.org", false), ("example.org", "", false), ("a.example.org", "a*.example.org", false),
        ("example.org", "example.org.evil.org", false), ("org", "*", false),
    ])
    func `a star stands for one whole label`(_ host: String, _ name: String, _ isMatch: Bool) {
        #expect(CertificateNames.matches(host, name) == isMatch)
    }
}
