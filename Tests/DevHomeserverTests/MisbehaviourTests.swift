import Foundation
import Testing

@testable import DevHomeserver

@Suite(.timeLimit(.minutes(5)))
struct MisbehaviourTests {
    private static let versions = "/_matrix/client/versions"

    private func started() async throws -> (DevHomeserver, Client) {
        let server = DevHomeserver()
        await server.add(user: "alice", password: "secret")
        return (server, Client(try await server.start()))
    }

    @Test func `answers what it was told to, until it behaves again`() async throws {
        let (server, client) = try await started()
        await server.misbehave(
            on: Self.versions,
            .answer(status: 502, contentType: "text/html", body: "<p>no", headers: ["Retry-After": "7"])
        )
        let reply = try await client.send("GET", "\(Self.versions)?really=1")
        #expect(reply.status == 502)
        #expect(reply.contentType == "text/html")
        #expect(reply.retryAfter == "7")
        #expect(reply.body == "<p>no")
        await server.misbehave(on: Self.versions, nil)
        #expect(try await client.send("GET", Self.versions).status == 200)
        await server.stop()
    }

    @Test(arguments: ["GET \(versions)", versions])
    func `answers late where it was told to, on a path or one method of it`(place: String) async throws {
        let (server, client) = try await started()
        await server.misbehave(on: place, .delay(.milliseconds(300)))
        let began = ContinuousClock.now
        #expect(try await client.send("GET", Self.versions).status == 200)
        #expect(began.duration(to: .now) >= .milliseconds(300))
        await server.stop()
    }

    @Test(arguments: [DevHomeserver.Misbehaviour.stall, .stallAfterHandling])
    func `stops while a request stalls, which then has no answer`(_ how: DevHomeserver.Misbehaviour) async throws {
        let (server, client) = try await started()
        let access = try await client.logIn().access
        await server.misbehave(on: Client.minting, how)
        let stalled = Task { try await client.mint(access, Client.auth()) }
        while await server.seenRequests.last?.path != Client.minting { await Task.yield() }
        await server.stop()
        await #expect(throws: URLError.self) { try await stalled.value }

        await server.misbehave(on: Client.minting, nil)
        let again = Client(try await server.start())
        #expect(again.base == client.base)
        // The second token within a minute: refused if the first was minted.
        let reply = try await again.mint(access, Client.auth())
        #expect(reply.status == (how == .stall ? 200 : 429))
        await server.stop()
    }

    @Test func `stops while idle connections are open`() async throws {
        let (server, client) = try await started()
        _ = try await client.send("GET", Self.versions)
        await server.stop()
        await #expect(throws: URLError.self) { try await client.send("GET", Self.versions) }
    }

    @Test func `starting twice is starting once`() async throws {
        let server = DevHomeserver()
        async let first = server.start()
        async let second = server.start()
        #expect(try await first == second)
        await server.stop()
        await server.stop()
    }

    @Test func `a taken port is an error`() async throws {
        let (server, client) = try await started()
        var options = DevHomeserver.Options()
        options.port = try #require(client.base.split(separator: ":").last.flatMap { UInt16($0) })
        await #expect(throws: (any Error).self) { try await DevHomeserver(options: options).start() }
        await server.stop()
    }

    @Test func `logs methods, paths and statuses, but no queries`() async throws {
        let (server, client) = try await started()
        _ = try await client.get("account/whoami?access_token=syt_secret")
        _ = try await client.send("PUT", Self.versions, [:])
        #expect(
            await server.seenRequests == [
                .init(method: "GET", path: "/_matrix/client/v3/account/whoami", status: 401),
                .init(method: "PUT", path: Self.versions, status: 405),
            ]
        )
        await server.stop()
    }
}
