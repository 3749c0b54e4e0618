import FoundationEssentials
import JetonAPI
import MatrixClient
import NIOPosix
import TestSupport
import Testing

/// What becomes of a request that meets anything but a homeserver.
@Suite(.timeLimit(.minutes(5)))
struct FailureTests {
    /// Runs a minting against a server that does `steps`, and gives its error.
    private func minting(
        _ steps: [RawServer.Step],
        timeout: Duration = .seconds(30),
        scheme: String = "http"
    ) async throws -> MatrixError? {
        let server = try RawServer(steps)
        defer { server.stop() }
        return try await minting(at: "\(scheme)://127.0.0.1:\(server.port)", timeout: timeout)
    }

    private func minting(at base: String, timeout: Duration = .seconds(30)) async throws -> MatrixError? {
        try await Self.error(at: base, timeout: timeout) { client throws(MatrixError) in
            _ = try await client.getLoginToken(Secret("syt_x"), auth: nil)
        }
    }

    /// Makes a request of whatever is at `base`, and gives its error.
    static func error(
        at base: String,
        timeout: Duration = .seconds(30),
        _ request: (MatrixClient) async throws(MatrixError) -> Void
    ) async throws -> MatrixError? {
        var deadlines = HTTPTransport.Deadlines()
        deadlines.request = timeout
        deadlines.connect = min(timeout, deadlines.connect)
        let transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton, deadlines: deadlines)
        let client = MatrixClient(homeserver: try HomeserverAddress(base), transport: transport)
        var found: MatrixError?
        do throws(MatrixError) {
            try await request(client)
        } catch {
            found = error
        }
        try await transport.shutdown()
        return found
    }

    private func failure(_ error: MatrixError?) -> MatrixError.Failure? {
        guard case .unreachable(let failure) = error else { return nil }
        return failure
    }

    @Test(arguments: [
        ("200 OK", "text/html; charset=utf-8", "<p>Hello", 200), ("502 Bad Gateway", "text/html", "<h1>no", 502),
        ("404 Not Found", "text/plain", "", 404), ("200 OK", "application/json", "{\"login_token\":1}", 200),
        ("200 OK", "application/json", "[]", 200), ("204 No Content", "application/json", "", 204),
    ])
    func `an answer that is not Matrix is told by its status`(
        _ status: String,
        _ type: String,
        _ body: String,
        _ number: Int
    ) async throws {
        let error = try await minting([.readRequest, .answer(status, "Content-Type: \(type)\r\n", body)])
        guard case .notMatrix(number, let detail) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(
            number == 200
                || detail.contains("status \(number) with content of type \(type.prefix { $0 != ";" }), not JSON")
        )
    }

    @Test func `a redirect is told by where it leads, and is not followed`() async throws {
        let head = "Location: http://elsewhere.example/\r\nContent-Type: application/json\r\n"
        let error = try await minting([.readRequest, .answer("302 Found", head, "")])
        let detail = "status 302, which leads to \"http://elsewhere.example/\"; that is not followed"
        #expect(error == .notMatrix(status: 302, detail: detail))
    }

    @Test func `an answer of more than 1 MiB is not read to its end`() async throws {
        let length = 1024 * 1024 + 1
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(length)\r\n\r\n"
        let failure = failure(try await minting([.readRequest, .send(head), .sendZeros(length), .awaitClose]))
        #expect(failure?.stage == .request)
        #expect(failure?.mayHaveArrived == true)
        #expect(failure?.detail == "the answer is longer than any that is expected")
    }

    /// The failure of a request that its server reads before it goes through `steps`. On a busy machine a short deadline
    /// is over before that.
    private func failureOnceArrived(_ steps: [RawServer.Step]) async throws -> MatrixError.Failure? {
        var found: MatrixError.Failure?
        for seconds in [1, 5, 25, 60] where found?.mayHaveArrived != true {
            found = failure(try await minting([.readRequest] + steps, timeout: .seconds(seconds)))
        }
        return found
    }

    @Test func `no answer in time is a timeout, and the request may have arrived`() async throws {
        let failure = try await failureOnceArrived([.awaitClose])
        #expect(failure == .init(stage: .timeout, detail: "no answer in time", mayHaveArrived: true))
    }

    @Test(arguments: ["HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"login_token\""])
    func `an answer that begins and does not end is a timeout too`(_ beginning: String) async throws {
        let failure = try await failureOnceArrived([.send(beginning), .awaitClose])
        #expect(failure?.stage == .timeout)
        #expect(failure?.mayHaveArrived == true)
    }

    @Test(arguments: ["", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"])
    func `closed after the request, it may have arrived`(_ beginning: String) async throws {
        let failure = failure(try await minting([.readRequest, .send(beginning)]))
        #expect(failure?.stage == .request)
        #expect(failure?.mayHaveArrived == true)
        #expect(failure?.detail.contains("connection was closed") == true, "\(failure?.detail ?? "")")
    }

    @Test func `closed during the TLS handshake, nothing has arrived`() async throws {
        let failure = failure(try await minting([.send("no TLS here\r\n")], scheme: "https"))
        #expect(failure?.stage == .tls)
        #expect(failure?.mayHaveArrived == false)
    }

    @Test(
        arguments: [
            // A TLS server's alert, and servers that complain in their own ways.
            [.readRequest, .send("\u{15}\u{3}\u{1}\u{0}\u{2}\u{2}F")],
            [.readRequest, .send("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"), .awaitClose],
            [.readRequest, .send("500 unrecognized command\r\n")], [.readRequest, .send("-ERR unknown command\r\n")],
        ] as [[RawServer.Step]]
    )
    func `what speaks no HTTP is called that, with what to look at`(_ steps: [RawServer.Step]) async throws {
        let failure = failure(try await minting(steps))
        #expect(failure?.stage == .request)
        #expect(failure?.detail.hasPrefix("what answers there is no HTTP server; look at the address") == true)
    }

    @Test func `no TLS handshake in time, nothing has arrived`() async throws {
        let failure = failure(try await minting([.awaitClose], timeout: .milliseconds(200), scheme: "https"))
        #expect(failure?.mayHaveArrived == false)
    }

    @Test func `a refused connection is told as such, with nothing arrived`() async throws {
        let port = try HeldPort()
        let failure = failure(try await minting(at: "http://127.0.0.1:\(port.number)"))
        #expect(failure == .init(stage: .connect, detail: "connection refused", mayHaveArrived: false))
    }

    @Test func `a refused connection to a name tells name and port`() async throws {
        let port = try HeldPort()
        let failure = failure(try await minting(at: "http://localhost:\(port.number)"))
        let detail = "no connection to localhost port \(port.number): connection refused"
        #expect(failure == .init(stage: .connect, detail: detail, mayHaveArrived: false))
    }

    @Test func `an unknown name is told as such, with nothing arrived`() async throws {
        let failure = failure(try await minting(at: "https://matrix.invalid"))
        #expect(failure == .init(stage: .dns, detail: "the name matrix.invalid is not found", mayHaveArrived: false))
    }

    @Test func `promise 13: a redirect is not followed: the access token stays here`() async throws {
        let second = try RawServer([.readRequest, .answer("200 OK", "", "{\"user_id\":\"@evil:x\"}")])
        defer { second.stop() }
        let header = "Location: http://127.0.0.1:\(second.port)/\r\n"
        let first = try RawServer([.readRequest, .answer("307 Temporary Redirect", header, "{}")])
        defer { first.stop() }
        let error = try await Self.error(at: "http://127.0.0.1:\(first.port)") { client throws(MatrixError) in
            _ = try await client.whoAmI(Secret("syt_x"))
        }
        #expect(error == .refused(.init(status: 307, errcode: nil, error: nil)))
    }

    @Test(arguments: [
        ("Retry-After: 7\r\n", "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":2000}", 7000),
        ("", "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":2500}", 2500),
        ("Retry-After: soon\r\n", "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":2500}", 2500),
        ("", "{\"errcode\":\"M_LIMIT_EXCEEDED\"}", 60_000), ("", "{}", 60_000),
        ("Retry-After: 99999999999\r\n", "{}", 604_800_000),
        ("", "{\"retry_after_ms\":9223372036854775807}", 604_800_000),
        ("Retry-After: -1\r\n", "{\"retry_after_ms\":-5}", 0), ("Retry-After: 0\r\n", "{\"retry_after_ms\":9}", 0),
        ("Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "{\"retry_after_ms\":9}", 0),
        ("Retry-After: Fri, 31 Dec 9999 23:59:59 GMT\r\n", "{}", 604_800_000),
    ])
    func `a 429 says how long to wait, by its header before its body`(
        _ header: String,
        _ body: String,
        _ milliseconds: Int
    ) async throws {
        let error = try await minting([.readRequest, .answer("429 Too Many Requests", header, body)])
        guard case .refused(let refusal) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(refusal.status == 429)
        #expect(refusal.retryAfter == .milliseconds(milliseconds))
    }

    @Test func `only a 429 says when to come back`() async throws {
        let body = "{\"errcode\":\"M_FORBIDDEN\",\"error\":\"No.\",\"retry_after_ms\":5}"
        let error = try await minting([.readRequest, .answer("403 Forbidden", "Retry-After: 7\r\n", body)])
        #expect(error == .refused(.init(status: 403, errcode: "M_FORBIDDEN", error: "No.")))
    }
}
