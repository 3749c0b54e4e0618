import Testing

@testable import MatrixClient

/// The facts about what homeservers offer, OAuth 2.0 among it, rule by rule.
@Suite(.timeLimit(.minutes(5)))
struct OAuthFactsTests {
    private func metadata(_ answer: LocalServer.Answer) async throws -> Asked<MatrixClient.AuthMetadata?> {
        try await ask(answer) { try await $0.authMetadata() }
    }

    private func flows(_ answer: LocalServer.Answer) async throws -> Asked<MatrixClient.LoginFlows> {
        try await ask(answer) { try await $0.loginFlows() }
    }

    @Test func `auth_metadata shows an OAuth 2.0 server and its account page`() async throws {
        let asked = try await metadata(.recorded("l-mas-delegated/04-auth-metadata"))
        #expect(try asked.result.get()?.accountManagementUri == "http://127.0.0.1:8190/account/")
        #expect(asked.requests.map(\.path) == ["/_matrix/client/v1/auth_metadata"])
    }

    @Test func `without auth_metadata there is none, whether JSON says so or a page`() async throws {
        #expect(try await metadata(.recorded("a-basic/86-auth-metadata")).result.get() == nil)
        #expect(try await metadata(.page(404)).result.get() == nil)
        // Websites that answer everything.
        #expect(try await metadata(.page(200)).result.get() == nil)
    }

    @Test(arguments: [500, 502, 503])
    func `a homeserver that is down is not said to have no OAuth 2.0`(_ status: Int) async throws {
        #expect(try await metadata(.page(status)).error?.isPassing == true)
    }

    @Test(arguments: ["oauth_aware_preferred", "org.matrix.msc3824.delegated_oidc_compatibility"])
    func `an SSO flow shows OAuth 2.0 by its new name and by its old one`(_ name: String) async throws {
        let answer = LocalServer.Answer.json(200, #"{"flows":[{"type":"m.login.sso","\#(name)":true}]}"#)
        #expect(try await flows(answer).result.get().prefersOAuth)
        let no = LocalServer.Answer.json(200, #"{"flows":[{"type":"m.login.sso","\#(name)":false}]}"#)
        #expect(try await !flows(no).result.get().prefersOAuth)
    }

    @Test func `without login flows, GET login is a 404, in JSON or as a page`() async throws {
        #expect(try await flows(.recorded("l-mas-delegated/02-login-flows")).error?.isUnrecognized == true)
        #expect(try await flows(.page(404)).error?.isUnrecognized == true)
    }

    @Test func `get_token is a 404 there, in JSON or as a page`() async throws {
        for answer in [try LocalServer.Answer.recorded("l-mas-delegated/07-get-token"), .page(404)] {
            let asked = try await ask(answer) { try await $0.getLoginToken(accessToken, auth: nil) }
            #expect(asked.error?.isUnrecognized == true)
        }
    }

    @Test(arguments: [
        ("a-basic/08-capabilities", true), ("h-off/03-capabilities", false), ("l-mas-delegated/10-capabilities", false),
    ])
    func `the capability says whether login tokens are minted`(_ recording: String, _ isOffered: Bool) async throws {
        let asked = try await ask(.recorded(recording)) { try await $0.loginTokenCapability(accessToken) }
        #expect(try asked.result.get() == isOffered)
        #expect(asked.requests.map(\.path) == ["/_matrix/client/v3/capabilities"])
    }

    @Test func `a capability that is not mentioned is told as that`() async throws {
        let asked = try await ask(.json(200, #"{"capabilities":{"m.change_password":{"enabled":true}}}"#)) {
            try await $0.loginTokenCapability(accessToken)
        }
        #expect(try asked.result.get() == nil)
    }

    @Test func `GET login shows where login tokens are minted`() async throws {
        #expect(try await flows(.recorded("a-basic/02-login-flows")).result.get().mintsLoginTokens)
        #expect(try await !flows(.recorded("h-off/01-login-flows")).result.get().mintsLoginTokens)
    }

    @Test func `identity providers are listed, and one that cannot be read hides no other`() async throws {
        let recorded = try await flows(.recorded("i-sso-cas/01-login-flows")).result.get()
        #expect(recorded.identityProviders == [.init(id: "cas", name: "Test CAS")])
        let body = #"{"flows":[{"type":"m.login.sso","identity_providers":[{"id":1},{"id":"a","name":"A","icon":7}]}]}"#
        #expect(try await flows(.json(200, body)).result.get().identityProviders == [.init(id: "a", name: "A")])
    }

    @Test func `any version is a Matrix homeserver, and no version is none`() async throws {
        let old = try await ask(.json(200, #"{"versions":["r0.0.1"]}"#)) { try await $0.versions() }
        #expect(try old.result.get() == ["r0.0.1"])
        let none = try await ask(.json(200, #"{"versions":[]}"#)) { try await $0.versions() }
        guard case .notMatrix(200, "the answer to GET /versions lists no version") = none.error else {
            Issue.record("\(none.result)")
            return
        }
    }
}
