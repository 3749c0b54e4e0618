import FlyingFox
import FlyingSocks
import FoundationEssentials
import Glibc

/// The HTTP side: one FlyingFox server on each of the two loopback addresses, with the same port.
struct Listener {
    /// Gives the answer to a request; nil: there will be none.
    typealias Respond = @Sendable (Request) async -> Answer?

    let port: UInt16
    private let servers: [HTTPServer]

    /// `port` 0 takes a free one; for one that somebody else has it waits as long as `patience`.
    static func open(port: UInt16, patience: Duration, respond: @escaping Respond) async throws -> Listener {
        let deadline = ContinuousClock.now.advanced(by: patience)
        let (server, port) = try await serve(on: .inet(ip4: "127.0.0.1", port: port), until: deadline, respond)
        // The other address is a courtesy to clients that look up "localhost": not every machine has IPv6.
        let twin = try? await serve(on: .loopback(port: port), until: deadline, respond)
        return Listener(port: port, servers: [server] + (twin.map { [$0.server] } ?? []))
    }

    /// Closes the listening sockets and every connection, whatever is under way on it.
    func close() async {
        for server in servers {
            await server.stop()
        }
    }

    private static func serve(
        on address: some SocketAddress,
        until deadline: ContinuousClock.Instant,
        _ respond: @escaping Respond
    ) async throws -> (server: HTTPServer, port: UInt16) {
        while true {
            do {
                return try await serve(on: address, respond)
            } catch SocketError.failed(type: _, errno: EADDRINUSE, message: _) where ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }

    private static func serve(
        on address: some SocketAddress,
        _ respond: @escaping Respond
    ) async throws -> (server: HTTPServer, port: UInt16) {
        let server = HTTPServer(
            config: .init(address: address, pool: PromptPool(), logger: .disabled),
            handler: Handler(respond: respond)
        )
        // Both tasks are unstructured: the server outlives this call, and failing to bind ends the wait at once.
        let listening = Task { try await server.waitUntilListening() }
        let running = Task {
            defer { listening.cancel() }
            try await server.run()
        }
        if case .failure(let failure) = await listening.result {
            running.cancel()
            try await running.value
            throw failure
        }
        switch await server.listeningAddress {
        case .ip4(_, port: let port), .ip6(_, port: let port): return (server, port)
        case .unix, nil: throw SocketError.disconnected
        }
    }
}

/// Translates between FlyingFox's world and ours.
private struct Handler: HTTPHandler {
    /// For their phrases.
    private static let statusCodes: [HTTPStatusCode] = [
        .ok, .found, .badRequest, .unauthorized, .forbidden, .notFound, .methodNotAllowed, .payloadTooLarge,
        .tooManyRequests,
        .internalServerError, .badGateway, .serviceUnavailable, .gatewayTimeout,
    ]

    let respond: Listener.Respond

    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        let translated = Request(
            method: request.method.rawValue,
            path: request.target.path(),
            authorization: request.headers[.authorization],
            query: Dictionary(request.query.map { ($0.name, $0.value) }) { first, _ in first },
            peer: Self.host(of: request.remoteAddress),
            body: try await Self.body(of: request)
        )
        guard let answer = await respond(translated) else { return HTTPResponse(webSocket: Stall()) }

        var headers: HTTPHeaders = [.contentType: answer.contentType]
        for (name, value) in answer.headers {
            headers.setValues([value], for: HTTPHeader(name))
        }
        return HTTPResponse(
            statusCode: Self.statusCodes.first { $0.code == answer.status }
                ?? HTTPStatusCode(answer.status, phrase: "Other"),
            headers: headers,
            body: request.method == .HEAD ? Data() : Data(answer.body.utf8)
        )
    }

    private static func host(of address: HTTPRequest.Address?) -> String {
        switch address {
        case .ip4(let host, port: _), .ip6(let host, port: _): host
        case .unix, nil: "-"
        }
    }

    /// Reads to the end, so that the next request is found on the connection, but keeps no more than the limit.
    private static func body(of request: HTTPRequest) async throws -> Data? {
        var body = Data()
        var count = 0
        for try await chunk in request.bodySequence {
            count += chunk.count
            guard count <= Request.longestBody else { continue }
            body.append(chunk)
        }
        return count <= Request.longestBody ? body : nil
    }
}

/// A WebSocket upgrade that never comes: the one response for which FlyingFox writes nothing and sets no timeout.
///
/// It ends, with the connection, when the client hangs up or the server stops.
private struct Stall: WSHandler {
    func makeFrames(for client: AsyncThrowingStream<WSFrame, any Error>) async throws -> AsyncStream<WSFrame> {
        for try await _ in client {}
        throw CancellationError()
    }
}
