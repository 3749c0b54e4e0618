import Foundation
import JetonAPI
import NIOHTTP1
import NIOPosix
import Testing

@testable import MatrixClient

/// Every recorded answer of Synapse is given to the client again, and means what was seen then.
@Suite(.timeLimit(.minutes(5)))
struct RecordedExchangeTests {
    @Test(arguments: Outcome.expected.keys.sorted())
    func `a recorded answer means what the facts say`(_ name: String) async throws {
        let transcript = try #require(Transcript.all.get()[name], "\(name) is gone")
        let answer = try transcript.answer()
        let server = try await LocalServer { _ in answer }
        let transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton, deadlines: .forBusyMachines)
        let client = MatrixClient(
            homeserver: try HomeserverAddress("http://127.0.0.1:\(server.port)"),
            transport: transport
        )
        let call = transcript.call
        let result: Call.Result
        do {
            result = try await call.run(client)
        } catch let error as MatrixError {
            result = (Outcome(error), [])
        }
        try await transport.shutdown()
        try await server.stop()
        #expect(result.outcome == Outcome.expected[name])
        if result.outcome != .done { #expect(result.tokens == transcript.answeredTokens) }
        if call.isExact { try compare(server.requests, with: transcript) }
    }

    /// One request, and the recorded one.
    private func compare(_ requests: [LocalServer.Request], with transcript: Transcript) throws {
        let request = try #require(requests.first)
        #expect(requests.count == 1)
        #expect(request.method == transcript.request.method)
        #expect(request.path == transcript.path)
        #expect(request.headers.first(name: "authorization") == transcript.request.authorization)
        guard var members = transcript.members else {
            #expect(request.body.isEmpty)
            return
        }
        // This client always asks for one.
        if transcript.path.hasSuffix("/v3/login") { members["refresh_token"] = true }
        #expect(try JSONDecoder().decode(JSONValue.self, from: Data(request.body)) == .object(members))
    }

    @Test func `every recording is either understood or said to be none of the client's`() throws {
        let recorded = Set(try Transcript.all.get().keys)
        let (expected, foreign) = (Set(Outcome.expected.keys), Set(Outcome.foreign.keys))
        #expect(recorded.subtracting(expected).subtracting(foreign).sorted() == [], "say what these mean")
        #expect(expected.union(foreign).subtracting(recorded).sorted() == [], "these are gone")
        #expect(expected.intersection(foreign).sorted() == [])
        #expect(recorded.count == 254)
        #expect(expected.count == 240)
    }

    @Test func `no recording that touches a session is said to be none of the client's`() throws {
        let ours = ["/v3/login", "/v3/refresh", "/v3/logout", "/v3/account/whoami", "/v3/capabilities", "/v3/devices"]
        let others = ["/versions", "/v1/auth_metadata", "/v1/login/get_token"]
        for name in Outcome.foreign.keys {
            let transcript = try #require(Transcript.all.get()[name], "\(name) is gone")
            guard transcript.response != nil else { continue }
            #expect(!(ours + others).contains { transcript.path == "/_matrix/client" + $0 }, "\(name)")
        }
    }

    @Test func `what this client asks is what was recorded, to the last member`() throws {
        let exact = try Outcome.expected.keys.filter { try #require(Transcript.all.get()[$0]).call.isExact }
        #expect(exact.count == 200)
    }
}

extension Transcript {
    /// The tokens in a successful answer.
    fileprivate var answeredTokens: Set<Secret> {
        guard let response, response.status == 200 else { return [] }
        let names = ["access_token", "refresh_token", "login_token"]
        return Set(names.compactMap { response.body[$0]?.stringValue.map(Secret.init) })
    }
}
