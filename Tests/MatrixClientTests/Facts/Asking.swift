import JetonAPI
import NIOHTTP1
import NIOPosix
import Testing

@testable import MatrixClient

/// What a client made of an answer, and what it had asked for it.
struct Asked<Value: Sendable>: Sendable {
    var result: Result<Value, MatrixError>
    var requests: [LocalServer.Request]

    var error: MatrixError? {
        guard case .failure(let error) = result else { return nil }
        return error
    }

    var refusal: MatrixError.Refusal? {
        guard case .refused(let refusal) = error else { return nil }
        return refusal
    }

    var question: UIAChallenge? {
        guard case .authenticationRequired(let challenge) = error else { return nil }
        return challenge
    }
}

/// Makes a request of a server that knows but one answer.
func ask<Value: Sendable>(
    _ answer: LocalServer.Answer,
    _ request: (MatrixClient) async throws -> Value
) async throws -> Asked<Value> {
    let server = try await LocalServer { _ in answer }
    let transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton, deadlines: .forBusyMachines)
    let client = MatrixClient(
        homeserver: try HomeserverAddress("http://127.0.0.1:\(server.port)"),
        transport: transport
    )
    let result: Result<Value, MatrixError>
    do {
        result = .success(try await request(client))
    } catch let error as MatrixError {
        result = .failure(error)
    }
    try await transport.shutdown()
    try await server.stop()
    return Asked(result: result, requests: server.requests)
}

extension LocalServer.Answer {
    /// As Synapse answered.
    static func recorded(_ name: String) throws -> LocalServer.Answer {
        try #require(Transcript.all.get()[name], "\(name) is gone").answer()
    }

    static func json(_ status: Int, _ body: String) -> LocalServer.Answer {
        LocalServer.Answer(
            status: HTTPResponseStatus(statusCode: status),
            headers: ["Content-Type": "application/json"],
            body: body
        )
    }

    /// As proxies on the way answer.
    static func page(_ status: Int) -> LocalServer.Answer {
        LocalServer.Answer(
            status: HTTPResponseStatus(statusCode: status),
            headers: ["Content-Type": "text/html"],
            body: "<html><h1>\(status)</h1></html>"
        )
    }
}

/// A token as homeservers give it.
let accessToken = Secret("syt_canary-access")
