import FlyingSocks
import Foundation
import Testing

@testable import DevHomeserver

/// What no recording shows: switching, misbehaving, stopping.
@Suite(.timeLimit(.minutes(5)))
struct DevHomeserverTests {
    let clock = TestClock()

    /// Runs `body` against a server with the account alice, whose password is "secret".
    private func serving(_ body: (DevHomeserver, Client) async throws -> Void) async throws {
        let server = DevHomeserver(clock: { [clock] in clock.now })
        await server.add(user: "alice", password: "secret")
        let client = Client(try await server.start())
        try await body(server, client)
        await server.stop()
    }

    @Test func `a login token opens one session`() async throws {
        try await serving { _, client in
            let minted = try await client.mint(client.logIn().access, Client.auth())
            #expect(try await client.redeem(minted["login_token"]).status == 200)
            #expect(try await client.redeem(minted["login_token"]).errcode == "M_FORBIDDEN")
        }
    }

    @Test func `limits only who has authenticated, whose session then mints without a password`() async throws {
        try await serving { _, client in
            let access = try await client.logIn().access
            #expect(try await client.mint(access, Client.auth()).status == 200)
            let session = try await client.mint(access).session
            clock.advance(by: .seconds(20))

            #expect(try await client.mint(access, Client.auth("wrong", session: session)).status == 401)
            let limited = try await client.mint(access, Client.auth(session: session))
            #expect(limited.status == 429)
            #expect(limited.retryAfter == "40")
            #expect(limited["retry_after_ms"] == 40_000)

            clock.advance(by: .seconds(40))
            let sessionAlone: JSON = ["auth": ["session": .string(session)]]
            #expect(try await client.mint(access, sessionAlone).status == 200)
        }
    }

    @Test func `another account's password proves nothing`() async throws {
        try await serving { server, client in
            await server.add(user: "bob", password: "hunter2")
            let bob = try await client.post(
                "login",
                ["type": "m.login.password", "user": "bob", "password": "hunter2"]
            )
            let reply = try await client.mint(bob["access_token"]?.string ?? "", Client.auth())
            #expect(reply.status == 403)
            #expect(reply["error"] == "Invalid auth")
        }
    }

    @Test func `switches features while it runs`() async throws {
        try await serving { server, client in
            let access = try await client.logIn().access
            #expect(try await client.mint(access).status == 401)
            await server.change {
                $0.asksBeforeMinting = false
                $0.mintInterval = .zero
            }
            #expect(try await client.mint(access).status == 200)
            #expect(try await client.mint(access).status == 200)
            await server.change { $0.offersLoginTokens = false }
            #expect(try await client.mint("nonsense").status == 404)
        }
    }

    @Test func `expired access tokens ask for a refresh`() async throws {
        try await serving { server, client in
            let session = try await client.logIn()
            await server.expireAccessTokens(of: "alice")
            let refused = try await client.get("account/whoami", token: session.access)
            #expect(refused.errcode == "M_UNKNOWN_TOKEN")
            #expect(refused["soft_logout"] == true)
            let renewed = try await client.post("refresh", ["refresh_token": .string(session.refresh)])
            let access = try #require(renewed["access_token"]?.string)
            #expect(try await client.get("account/whoami", token: access).status == 200)
        }
    }

    @Test func `a refresh token is spent once its successor was refreshed`() async throws {
        try await serving { _, client in
            let first = try await client.logIn().refresh
            let renewed = try await client.post("refresh", ["refresh_token": .string(first)])
            let second = try #require(renewed["refresh_token"])
            #expect(try await client.post("refresh", ["refresh_token": second]).status == 200)
            #expect(try await client.post("refresh", ["refresh_token": .string(first)]).status == 403)
        }
    }

    @Test func `logging out everywhere ends every session but no login token`() async throws {
        try await serving { _, client in
            let (first, second) = (try await client.logIn().access, try await client.logIn().access)
            let minted = try await client.mint(first, Client.auth())
            #expect(try await client.post("logout/all", token: first).status == 200)
            #expect(try await client.get("account/whoami", token: second).status == 401)
            #expect(try await client.redeem(minted["login_token"]).status == 200)
        }
    }

    @Test func `a forgotten UIA session is unknown`() async throws {
        try await serving { server, client in
            let access = try await client.logIn().access
            let session = try await client.mint(access).session
            await server.forgetUIASessions()
            let reply = try await client.mint(access, Client.auth(session: session))
            #expect(reply.status == 400)
            #expect(reply["error"] == .string("Unknown session ID: \(session)"))
        }
    }

    @Test func `a session for one device signs out no other`() async throws {
        try await serving { _, client in
            let access = try await client.logIn().access
            func delete(_ device: String, _ body: JSON) async throws -> Client.Reply {
                try await client.send("DELETE", "/_matrix/client/v3/devices/\(device)", token: access, body)
            }
            let session = try await delete("A", [:]).session
            #expect(try await delete("B", Client.auth(session: session)).status == 403)
            #expect(try await delete("A", Client.auth(session: session)).status == 200)
        }
    }

    @Test func `starts again at its port, though somebody else has it for a moment`() async throws {
        try await serving { server, client in
            await server.stop()
            let somebody = DevHomeserver(options: try client.samePort)
            while (try? await somebody.start()) == nil {}
            async let again = server.start()
            // As long as somebody needs; what is asserted does not depend on it.
            try await Task.sleep(for: .milliseconds(100))
            await somebody.stop()
            #expect(try await again == client.base)
            #expect(try await client.get("account/whoami", token: client.logIn().access).status == 200)
        }
    }

    @Test func `a port that was never its own is not waited for`() async throws {
        try await serving { _, client in
            let second = DevHomeserver(options: try client.samePort)
            let began = ContinuousClock.now
            await #expect(throws: SocketError.self) { try await second.start() }
            #expect(began.duration(to: .now) < DevHomeserver.patience)
        }
    }

    @Test func `takes bodies of 64 KiB and not a byte more`() async throws {
        try await serving { server, client in
            let access = try await client.logIn().access
            let filling = { Data(String(repeating: " ", count: $0 - 2).utf8) + Data("{}".utf8) }
            for (size, status) in [(65_536, 401), (65_537, 413), (5_000_000, 413), (2, 401)] {
                let reply = try await client.send("POST", Client.minting, token: access, raw: filling(size))
                #expect(reply.status == status, "\(size) bytes")
            }
        }
    }
}

extension Client {
    fileprivate var samePort: DevHomeserver.Options {
        get throws {
            var options = DevHomeserver.Options()
            options.port = UInt16(try #require(URL(string: base)?.port))
            return options
        }
    }
}
