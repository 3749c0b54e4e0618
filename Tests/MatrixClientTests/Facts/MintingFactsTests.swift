import Foundation
import JetonAPI
import NIOHTTP1
import TestSupport
import Testing

@testable import MatrixClient

/// The facts about get_token and user-interactive authentication, rule by rule.
@Suite(.timeLimit(.minutes(5)))
struct MintingFactsTests {
    private func mint(
        _ answer: LocalServer.Answer,
        auth: [String: JSONValue]? = nil
    ) async throws -> Asked<MatrixClient.MintedToken> {
        try await ask(answer) { try await $0.getLoginToken(accessToken, auth: auth) }
    }

    @Test func `get_token is always sent an object`() async throws {
        let asked = try await mint(.recorded("a-basic/09-get-token-no-auth"))
        #expect(asked.requests.map { String(decoding: $0.body, as: UTF8.self) } == ["{}"])
        #expect(asked.requests.first?.headers.first(name: "content-type") == "application/json")
    }

    @Test(arguments: ["h-off/04-get-token", "a-basic/72-wrong-method"])
    func `get_token is asked under v1 alone, also where it is not there`(_ recording: String) async throws {
        let asked = try await mint(.recorded(recording))
        #expect(asked.requests.map(\.path) == ["/_matrix/client/v1/login/get_token"])
        #expect(asked.error?.isUnrecognized == true)
    }

    @Test func `the same request is repeated with auth, as it was given`() async throws {
        let auth: [String: JSONValue] = ["type": "org.example.what", "session": "s", "more": [1, ["a_b": nil]]]
        let asked = try await mint(.recorded("a-basic/26-get-token-right-password"), auth: auth)
        let body = try #require(asked.requests.first?.body)
        #expect(try JSONDecoder().decode(JSONValue.self, from: Data(body)) == ["auth": .object(auth)])
    }

    @Test(
        arguments: [
            ("a-basic/09-get-token-no-auth", nil), ("a-basic/17-get-token-wrong-password", "M_FORBIDDEN"),
            ("a-basic/18-get-token-session-only-incomplete", nil),
        ] as [(String, String?)]
    )
    func `a 401 with flows is a question, whatever its errcode`(_ recording: String, _ errcode: String?) async throws {
        let question = try #require(await mint(.recorded(recording)).question)
        #expect(question.flows == [["m.login.password"]])
        #expect(question.errcode == errcode)
        #expect(question.session != nil)
        #expect(!question.progress.isDone)
    }

    @Test func `flows count more than an errcode about the token`() async throws {
        let body = #"{"errcode":"M_UNKNOWN_TOKEN","soft_logout":false,"session":"s","flows":[{"stages":["a"]}]}"#
        #expect(try await mint(.json(401, body)).question?.flows == [["a"]])
    }

    @Test func `a stage that no flow asks for is no progress`() async throws {
        let question = try #require(await mint(.recorded("a-basic/20-get-token-dummy-stage")).question)
        #expect(question.completed == ["m.login.dummy"])
        #expect(question.progress.nextStages == ["m.login.password"])
    }

    @Test func `promise 3: the UIA session is a secret`() async throws {
        let question = try #require(await mint(.recorded("a-basic/09-get-token-no-auth")).question)
        let session = try #require(question.session?.reveal())
        #expect(!"\(question) \(MatrixError.authenticationRequired(question))".contains(session))
    }

    @Test func `a UIA session that is not known is a 400, to begin anew`() async throws {
        let refusal = try #require(await mint(.recorded("a-basic/19-get-token-unknown-session")).refusal)
        #expect(refusal.status == 400 && refusal.errcode == "M_UNKNOWN")
    }

    @Test(arguments: [
        ("a-basic/37-bob-with-alices-password", "M_FORBIDDEN"), ("a-basic/78-session-from-other-endpoint", "M_UNKNOWN"),
    ])
    func `credentials and sessions that belong elsewhere are a 403, and no question`(
        _ recording: String,
        _ errcode: String
    ) async throws {
        let refusal = try #require(await mint(.recorded(recording)).refusal)
        #expect(refusal.status == 403 && refusal.errcode == errcode)
    }

    @Test func `switched off, the access token is not even looked at`() async throws {
        let asked = try await mint(.recorded("h-off/05-get-token-bad-access-token"))
        #expect(asked.error?.isUnrecognized == true)
        #expect(asked.refusal?.endsSession == false)
    }

    @Test func `the life of a login token is expires_in_ms, and nothing else`() async throws {
        let both = #"{"login_token":"syl_canary-x","expires_in":3600,"expires_in_ms":2000}"#
        #expect(try await mint(.json(200, both)).result.get().expiresInMs == 2000)
        let legacy = #"{"login_token":"syl_canary-x","expires_in":3600}"#
        guard case .notMatrix(200, _) = try await mint(.json(200, legacy)).error else {
            Issue.record("a life was made up")
            return
        }
    }

    @Test func `after a 429 the session alone goes on`() async throws {
        let auth: [String: JSONValue] = ["session": "EwWPMuKXtXyHPqggxxsVJvqc"]
        let limited = try await mint(.recorded("a-basic/33-get-token-429-session-only"), auth: auth)
        #expect(limited.refusal?.isLimit == true)
        let later = try await mint(.recorded("a-basic/88-after-minute-session-only"), auth: auth)
        #expect(try later.result.get().expiresInMs == 120_000)
        #expect(limited.requests.first?.body == later.requests.first?.body)
    }

    @Test func `promise 4: a minting whose answer is lost is not repeated`() async throws {
        let server = try RawServer([.readRequest])
        defer { server.stop() }
        let error = try await FailureTests.error(at: "http://127.0.0.1:\(server.port)") { client throws(MatrixError) in
            _ = try await client.getLoginToken(accessToken, auth: nil)
        }
        guard case .unreachable(let failure) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(failure.mayHaveArrived)
        #expect(server.connections == 1)
    }
}
