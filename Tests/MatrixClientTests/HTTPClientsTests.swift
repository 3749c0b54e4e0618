import NIOPosix
import Testing

@testable import MatrixClient

/// The client behind a transport, which is made by its first request.
@Suite(.timeLimit(.minutes(5)))
struct HTTPClientsTests {
    private let transport: HTTPTransport

    init() throws {
        transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton, deadlines: .forBusyMachines)
    }

    private func versions(of server: LocalServer, scheme: String = "http") async throws -> Bool {
        let address = try HomeserverAddress("\(scheme)://127.0.0.1:\(server.port)")
        return (try? await MatrixClient(homeserver: address, transport: transport).versions()) != nil
    }

    private func server(_ certificate: TestCertificate? = nil) async throws -> LocalServer {
        try await LocalServer(certificate) { _ in .init(body: #"{"versions":["v1.15"]}"#) }
    }

    @Test func `many first requests at once are all answered`() async throws {
        let server = try await server()
        let answered = try await withThrowingTaskGroup { group in
            for _ in 1...50 { group.addTask { try await versions(of: server) } }
            return try await group.reduce(into: 0) { count, isAnswered in count += isAnswered ? 1 : 0 }
        }
        #expect(answered == 50)
        try await transport.shutdown()
        try await server.stop()
    }

    @Test func `after a shutdown nothing is sent, also where nothing was before`() async throws {
        let server = try await server()
        try await transport.shutdown()
        #expect(try await !versions(of: server))
        #expect(server.requests.isEmpty)
        try await server.stop()
    }

    @Test func `nor where the trust is replaced after it, as by a reload that is under way`() async throws {
        let server = try await server()
        try await transport.shutdown()
        try transport.trust(caFile: nil)
        #expect(try await !versions(of: server))
        #expect(server.requests.isEmpty)
        try await server.stop()
    }

    @Test func `trust that is replaced before the first request is the one that counts`() async throws {
        let certificate = try await TestCertificate(["IP:127.0.0.1"])
        let server = try await server(certificate)
        try transport.trust(caFile: certificate.file)
        #expect(try await versions(of: server, scheme: "https"))
        try await transport.shutdown()
        try await server.stop()
    }
}
