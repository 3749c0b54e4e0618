import JetonAPI
import NIOHTTP1
import TestSupport
import Testing

@testable import MatrixClient

/// The facts about log in, renewal and log out, rule by rule.
@Suite(.timeLimit(.minutes(5)))
struct SessionFactsTests {
    private func whoAmI(_ answer: LocalServer.Answer) async throws -> Asked<MatrixClient.Owner> {
        try await ask(answer) { try await $0.whoAmI(accessToken) }
    }

    private func refresh(_ answer: LocalServer.Answer) async throws -> Asked<MatrixClient.Renewal> {
        try await ask(answer) { try await $0.refresh(Secret("syr_canary-x")) }
    }

    private func logOut(_ answer: LocalServer.Answer) async throws -> Asked<Bool> {
        try await ask(answer) {
            try await $0.logOut(accessToken)
            return true
        }
    }

    @Test(arguments: [
        #"{"m.homeserver":{"base_url":"http://127.0.0.1:1/"}}"#, #"{"m.homeserver":{"base_url":"https://evil.org"}}"#,
        #"{"m.homeserver":7}"#, "[]", "null",
    ])
    func `a session stays where it began, whatever well_known says`(_ wellKnown: String) async throws {
        let answer = LocalServer.Answer.json(
            200,
            #"{"user_id":"@a:b","device_id":"D","access_token":"syt_canary-x","well_known":\#(wellKnown)}"#
        )
        let asked = try await ask(answer) { client in
            let session = try await client.logIn(.password(user: "a", Secret("canary-password")))
            return try await client.whoAmI(session.accessToken)
        }
        #expect(try asked.result.get().userId == "@a:b")
        #expect(asked.requests.map(\.path) == ["/_matrix/client/v3/login", "/_matrix/client/v3/account/whoami"])
    }

    @Test(arguments: [
        "a-basic/29-token-login-reuse", "a-basic/30-token-login-garbage", "b-token-timeout-2s/03-expired-token-login",
        "f2-rc-account/04-token-login-account-limited", "f2-rc-account/05-token-login-after-wait",
        "a-basic/65-frank-token-login-locked", "a-basic/67-frank-token-login-after-unlock",
    ])
    func `a login token that was refused once is not worth another try`(_ recording: String) async throws {
        let asked = try await ask(.recorded(recording)) { try await $0.logIn(.loginToken(Secret("syl_canary-x"))) }
        #expect(asked.error?.mayHaveBurntLoginToken == true)
    }

    @Test(arguments: [
        "a-basic/29-token-login-reuse", "a-basic/30-token-login-garbage", "b-token-timeout-2s/03-expired-token-login",
    ])
    func `used, garbage and expired login tokens are all a 403 M_FORBIDDEN`(_ recording: String) async throws {
        let asked = try await ask(.recorded(recording)) { try await $0.logIn(.loginToken(Secret("syl_canary-x"))) }
        #expect(asked.error == .refused(.init(status: 403, errcode: "M_FORBIDDEN", error: "Invalid login token")))
    }

    @Test(arguments: [
        "c-access-5s/12-whoami-expired", "d-nonrefreshable-3s/02-whoami-soft-logout", "e-refresh-3s/02-whoami-expired",
    ])
    func `an expired access token is soft: the device stays`(_ recording: String) async throws {
        let refusal = try #require(await whoAmI(.recorded(recording)).refusal)
        #expect(refusal.endsSession && refusal.softLogout)
    }

    @Test func `an unknown access token is not soft`() async throws {
        let refusal = try #require(await whoAmI(.recorded("a-basic/40-bob-whoami-after-logout")).refusal)
        #expect(refusal.endsSession && !refusal.softLogout)
    }

    @Test(
        arguments: [
            ("c-access-5s/07-first-new-refresh-after-replay", .spent),
            ("c-access-5s/09-replay-old-refresh-after-new-used", .spent), ("c-access-5s/18-refresh-garbage", .spent),
            ("c-access-5s/37-refresh-after-that", .spent), ("e-refresh-3s/03-refresh-expired", .spent),
            ("a-basic/41-bob-refresh-after-logout", .spent),
            ("e2-no-refresh-endpoint/02-refresh-endpoint", .notOffered),
            ("l-mas-delegated/12-refresh", .notOffered),
        ] as [(String, MatrixError.RefreshVerdict)]
    )
    func `401 and 403 from refresh mean the same, and 404 that it is switched off`(
        _ recording: String,
        _ verdict: MatrixError.RefreshVerdict
    ) async throws {
        #expect(try await refresh(.recorded(recording)).error?.refreshVerdict == verdict)
    }

    @Test(arguments: [500, 502, 503, 504])
    func `a 5xx from refresh keeps the pair, as a page or as JSON`(_ status: Int) async throws {
        #expect(try await refresh(.page(status)).error?.refreshVerdict == .undecided)
        let json = LocalServer.Answer.json(status, #"{"errcode":"M_UNKNOWN","error":"x"}"#)
        #expect(try await refresh(json).error?.refreshVerdict == .undecided)
    }

    @Test func `a refresh that cannot be sent, or is not answered, keeps the pair`() async throws {
        let server = try RawServer([.readRequest])
        let base = "http://127.0.0.1:\(server.port)"
        let lost = try await FailureTests.error(at: base) { client throws(MatrixError) in
            _ = try await client.refresh(Secret("syr_canary-x"))
        }
        server.stop()
        #expect(lost?.refreshVerdict == .undecided)
        #expect(server.connections == 1)
        let refused = try await FailureTests.error(at: base) { client throws(MatrixError) in
            _ = try await client.refresh(Secret("syr_canary-x"))
        }
        #expect(refused?.refreshVerdict == .undecided)
    }

    @Test func `refresh is asked without an access token, and replayed as it was`() async throws {
        let asked = try await refresh(.recorded("c-access-5s/05-replay-old-refresh-before-new-used"))
        #expect(asked.requests.first?.headers.first(name: "authorization") == nil)
        #expect(try asked.result.get().refreshToken?.reveal().hasPrefix("syr_") == true)
    }

    @Test func `where refresh gives no new refresh token, the old one goes on`() async throws {
        let asked = try await refresh(.json(200, #"{"access_token":"syt_canary-y","expires_in_ms":5000}"#))
        #expect(try asked.result.get().refreshToken == nil)
    }

    @Test func `log out succeeds with an expired access token`() async throws {
        #expect(try await logOut(.recorded("c-access-5s/36-logout-with-expired-access")).result.get())
    }

    @Test func `a second log out is a 401, and counts as success`() async throws {
        #expect(try await logOut(.recorded("a-basic/43-bob-second-logout")).result.get())
    }

    @Test(arguments: [
        "c-access-5s/13-get-token-expired-access", "a-basic/63-frank-get-token-locked", "l-mas-delegated/13-logout",
    ])
    func `no other refusal of a log out is taken for its success`(_ recording: String) async throws {
        #expect(try await logOut(.recorded(recording)).refusal != nil)
    }

    @Test func `promise 9: tokens go into the header, never into an address`() async throws {
        let calls: [(MatrixClient) async throws -> Void] = [
            { _ = try await $0.whoAmI(accessToken) }, { _ = try await $0.devices(accessToken) },
            { _ = try await $0.loginTokenCapability(accessToken) }, { try await $0.logOut(accessToken) },
            { _ = try await $0.getLoginToken(accessToken, auth: nil) }, { _ = try await $0.refresh(accessToken) },
            { _ = try await $0.logIn(.loginToken(accessToken)) },
            { try await $0.deleteDevice("DIIDRPWVHJ", accessToken, auth: nil) },
        ]
        for call in calls {
            let requests = try await ask(.json(200, "{}")) { try await call($0) }.requests
            #expect(requests.count == 1)
            #expect(!requests.contains { $0.path.contains("canary") })
            let carried = requests.map { "\($0.headers)" + String(decoding: $0.body, as: UTF8.self) }
            #expect(carried.allSatisfy { $0.contains(accessToken.reveal()) })
        }
    }
}
