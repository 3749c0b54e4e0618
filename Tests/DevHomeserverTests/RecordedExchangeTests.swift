import Foundation
import Testing

@testable import DevHomeserver

@Suite(.timeLimit(.minutes(5)))
struct RecordedExchangeTests {
    @Test(arguments: Recording.all)
    func `answers as the recorded Synapse did`(_ recording: Recording) async throws {
        let clock = TestClock()
        var options = DevHomeserver.Options()
        recording.configure(&options)
        let server = DevHomeserver(options: options, clock: { clock.now })
        let exchanges = try Exchange.all(of: recording.group)
        for credentials in exchanges.compactMap(\.exchange.credentials) {
            await server.add(user: credentials.user, password: credentials.password)
        }
        for (token, owner) in recording.tokens { await server.add(accessToken: token, of: owner) }
        var client = Client(try await server.start().ipv4)
        var comparison = Comparison()

        for (number, name, exchange) in exchanges where recording.skipped[number] == nil {
            clock.advance(by: recording.pauses[number] ?? .zero)
            if recording.restarts.contains(number) {
                await server.stop()
                client = Client(try await server.start().ipv4)
            }
            if let act = recording.acts[number] {
                await act(server)
                continue
            }
            let reply = try await client.play(exchange, at: recording.paths[number], &comparison)
            let expected = exchange.response
            #expect(reply.status == expected.status, "\(name)")
            #expect(reply.contentType == expected.headers["Content-Type"], "\(name)")
            #expect((reply.retryAfter != nil) == (expected.headers["Retry-After"] != nil), "\(name)")
            if let header = reply.retryAfter, case .int(let milliseconds) = reply["retry_after_ms"] {
                #expect(Int(header) == (milliseconds + 999) / 1000, "\(name)")
            }
            if let recorded = expected.headers["Location"] {
                #expect(comparison.differences(of: recorded, reply.location ?? "") == [], "\(name)")
            }
            // Pages for people are our own.
            if expected.status == 200, reply.contentType?.hasPrefix("text/html") == true { continue }
            #expect(comparison.differences(expected.body, reply.body) == [], "\(name)")
        }
        await server.stop()
    }
}

extension Client {
    /// Sends a recorded request with the tokens, sessions and devices that stand for the recorded ones.
    fileprivate func play(
        _ exchange: Exchange,
        at otherPath: String?,
        _ comparison: inout Comparison
    ) async throws -> Reply {
        if let device = exchange.request.body?.object?["device_id"]?.string { comparison.keep(device) }
        var (method, path) = (exchange.request.method, otherPath ?? exchange.path)
        if path.hasSuffix("/account/password") {
            // Not ours; signing out a device that does not exist asks for UIA with the same answers.
            (method, path) = ("DELETE", "/_matrix/client/v3/devices/NOSUCHDEV")
        }
        path = path.split(separator: "/", omittingEmptySubsequences: false)
            .map { comparison.translated(String($0)) }.joined(separator: "/")
        let token = exchange.request.authorization.map { comparison.translated(String($0.dropFirst(7))) }
        guard let body = exchange.rawBody else {
            return try await send(method, path.translatingQuery(comparison), token: token)
        }
        guard let raw = body.object?["raw"]?.string else {
            return try await send(method, path, token: token, comparison.translated(body))
        }
        return try await send(method, path, token: token, raw: Data(raw.utf8))
    }
}

extension String {
    /// The base URL by address: which of its addresses "localhost" means is not the same everywhere.
    fileprivate var ipv4: String { replacing("localhost", with: "127.0.0.1") }

    /// Puts our token for the recorded one behind `access_token=`.
    fileprivate func translatingQuery(_ comparison: Comparison) -> String {
        split(separator: "=").map { comparison.translated(String($0)) }.joined(separator: "=")
    }
}
