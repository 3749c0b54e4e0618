import DevHomeserver
import JetonAPI
import MatrixClient
import NIOPosix
import Testing

/// Against a homeserver that answers as Synapse does.
@Suite(.timeLimit(.minutes(5)))
struct HomeserverTests {
    private let server = DevHomeserver()

    /// Runs a test's body with a client of a server that knows alice.
    private func serving(_ body: (MatrixClient) async throws -> Void) async throws {
        await server.add(user: "alice", password: "secret")
        let transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton)
        do {
            try await body(MatrixClient(homeserver: HomeserverAddress(server.start()), transport: transport))
        } catch {
            Issue.record(error)
        }
        try await transport.shutdown()
        await server.stop()
    }

    private func logIn(_ client: MatrixClient) async throws -> MatrixClient.Session {
        try await client.logIn(.password(user: "alice", Secret("secret")), deviceName: "Test")
    }

    private func error(_ request: () async throws(MatrixError) -> Void) async -> MatrixError? {
        do throws(MatrixError) { try await request() } catch { return error }
        return nil
    }

    /// What the homeserver asks before it mints.
    private func challenge(_ client: MatrixClient, _ token: Secret) async throws -> UIAChallenge {
        let error = await error { () throws(MatrixError) in _ = try await client.getLoginToken(token, auth: nil) }
        guard case .authenticationRequired(let challenge) = error else {
            throw error ?? MatrixError.notMatrix(status: 200, detail: "minted unasked")
        }
        return challenge
    }

    private func password(_ password: String, _ challenge: UIAChallenge) -> [String: JSONValue] {
        [
            "type": "m.login.password", "identifier": ["type": "m.id.user", "user": "alice"],
            "password": .string(password), "session": .string(challenge.session?.reveal() ?? ""),
        ]
    }

    @Test func `signs in by password, and knows whose session it is`() async throws {
        try await serving { client in
            let session = try await logIn(client)
            #expect(session.userId == "@alice:localhost")
            #expect(session.refreshToken != nil)
            #expect(session.expiresInMs == 300_000)
            let owner = try await client.whoAmI(session.accessToken)
            #expect(owner.userId == session.userId)
            #expect(owner.deviceId == session.deviceId)
            let full = try await client.logIn(
                .password(user: "@alice:localhost", Secret("secret")),
                deviceID: session.deviceId
            )
            #expect(full.deviceId == session.deviceId)
        }
    }

    @Test func `a wrong password is refused in the homeserver's words`() async throws {
        try await serving { client in
            let error = await error { () throws(MatrixError) in
                _ = try await client.logIn(.password(user: "alice", Secret("guess")))
            }
            #expect(
                error == .refused(.init(status: 403, errcode: "M_FORBIDDEN", error: "Invalid username or password"))
            )
        }
    }

    @Test(arguments: [true, false])
    func `tells whether login tokens are minted`(_ isOffered: Bool) async throws {
        try await serving { client in
            await server.change { $0.offersLoginTokens = isOffered }
            let session = try await logIn(client)
            #expect(try await client.loginTokenCapability(session.accessToken) == isOffered)
            let flows = try await client.loginFlows()
            #expect(flows.mintsLoginTokens == isOffered)
            #expect(flows.types.contains("m.login.password"))
            #expect(!flows.prefersOAuth)
            #expect(try await client.authMetadata() == nil)
            #expect(try await client.versions().contains("v1.15"))
        }
    }

    @Test func `renews a session, and is told when that ended`() async throws {
        try await serving { client in
            let session = try await logIn(client)
            await server.expireAccessTokens(of: "alice")
            let expired = await error { () throws(MatrixError) in _ = try await client.whoAmI(session.accessToken) }
            guard case .refused(let refusal) = expired else { throw expired ?? .notMatrix(status: 200, detail: "") }
            #expect(refusal.endsSession && refusal.softLogout)
            let renewal = try await client.refresh(try #require(session.refreshToken))
            #expect(renewal.expiresInMs == 300_000)
            #expect(try await client.whoAmI(renewal.accessToken).userId == "@alice:localhost")
            let gone = await error { () throws(MatrixError) in _ = try await client.refresh(Secret("syr_gone")) }
            guard case .refused(let refusal) = gone else { throw gone ?? .notMatrix(status: 200, detail: "") }
            #expect([401, 403].contains(refusal.status))
        }
    }

    @Test func `mints a login token once the user has given a password, which signs in once`() async throws {
        try await serving { client in
            let session = try await logIn(client)
            let challenge = try await challenge(client, session.accessToken)
            #expect(challenge.flows == [["m.login.password"]])
            #expect(challenge.session?.isPrintable == true)
            #expect(challenge.errcode == nil)
            let token = try await client.getLoginToken(session.accessToken, auth: password("secret", challenge))
            #expect(token.expiresInMs == 120_000)
            let second = try await client.logIn(.loginToken(token.loginToken))
            #expect(second.userId == session.userId && second.deviceId != session.deviceId)
            let again = await error { () throws(MatrixError) in
                _ = try await client.logIn(.loginToken(token.loginToken))
            }
            #expect(again == .refused(.init(status: 403, errcode: "M_FORBIDDEN", error: "Invalid login token")))
        }
    }

    @Test func `a wrong password is asked for again`() async throws {
        try await serving { client in
            let token = try await logIn(client).accessToken
            let first = try await challenge(client, token)
            let error = await error { () throws(MatrixError) in
                _ = try await client.getLoginToken(token, auth: password("guess", first))
            }
            guard case .authenticationRequired(let second) = error else {
                throw error ?? .notMatrix(status: 200, detail: "")
            }
            #expect(second.errcode == "M_FORBIDDEN")
            #expect(second.session == first.session)
            #expect(try await client.getLoginToken(token, auth: password("secret", second)).expiresInMs == 120_000)
        }
    }

    @Test func `the second token within a minute is a 429 that says how long to wait`() async throws {
        try await serving { client in
            let token = try await logIn(client).accessToken
            let challenge = try await challenge(client, token)
            _ = try await client.getLoginToken(token, auth: password("secret", challenge))
            let error = await error { () throws(MatrixError) in
                _ = try await client.getLoginToken(token, auth: password("secret", challenge))
            }
            guard case .refused(let refusal) = error else { throw error ?? .notMatrix(status: 200, detail: "") }
            #expect(refusal.status == 429 && refusal.errcode == "M_LIMIT_EXCEEDED")
            #expect(refusal.retryAfter.map { $0 > .seconds(50) && $0 <= .seconds(60) } == true)
        }
    }

    @Test func `signs out, and again`() async throws {
        try await serving { client in
            let token = try await logIn(client).accessToken
            try await client.logOut(token)
            try await client.logOut(token)
            #expect(await error { () throws(MatrixError) in _ = try await client.whoAmI(token) } != nil)
        }
    }

    @Test func `lists devices`() async throws {
        try await serving { client in
            let session = try await logIn(client)
            _ = try await client.logIn(.password(user: "alice", Secret("secret")))
            let devices = try await client.devices(session.accessToken)
            #expect(devices.count == 2)
            let own = try #require(devices.first { $0.deviceId == session.deviceId })
            #expect(own.displayName == "Test")
            #expect((own.lastSeenTs ?? 0) > 0 && own.lastSeenIp != nil)
        }
    }

    @Test func `a device's name is cut, however long whoever signed it in has made it`() async throws {
        try await serving { client in
            let session = try await logIn(client)
            // One character for the reader.
            let name = "e" + String(repeating: "\u{301}", count: 20_000)
            _ = try await client.logIn(.password(user: "alice", Secret("secret")), deviceName: name)
            let other = try await client.devices(session.accessToken).first { $0.deviceId != session.deviceId }
            #expect(other?.displayName?.unicodeScalars.count == 256)
        }
    }

    @Test func `an OAuth 2.0 server's metadata are read, and their absence as a page too`() async throws {
        try await serving { client in
            let path = "/_matrix/client/v1/auth_metadata"
            let body =
                "{\"issuer\":\"https://auth.example.org/\",\"account_management_uri\":\"https://acc.example.org\"}"
            await server.misbehave(
                on: path,
                .answer(status: 200, contentType: "application/json", body: body, headers: [:])
            )
            let metadata = try await client.authMetadata()
            #expect(metadata?.issuer == "https://auth.example.org/")
            #expect(metadata?.accountManagementUri == "https://acc.example.org")
            await server.misbehave(on: path, .answer(status: 404, contentType: "text/html", body: "<p>", headers: [:]))
            #expect(try await client.authMetadata() == nil)
        }
    }
}
