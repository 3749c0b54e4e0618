import Testing

@testable import DevHomeserver

/// What no recording shows of user-interactive authentication: flows of several stages, and pages for the browser.
@Suite(.timeLimit(.minutes(5)))
struct AuthenticationFlowTests {
    private func serving(
        _ edit: (inout DevHomeserver.Options) -> Void,
        _ body: (DevHomeserver, Client) async throws -> Void
    ) async throws {
        var options = DevHomeserver.Options()
        edit(&options)
        let server = DevHomeserver(options: options)
        await server.add(user: "alice", password: "secret")
        let client = Client(try await server.start())
        try await body(server, client)
        await server.stop()
    }

    private func auth(_ session: String, _ members: JSON) -> JSON {
        ["auth": .object((members.object ?? [:]).merging(["session": .string(session)]) { old, _ in old })]
    }

    @Test func `mints when all stages of one flow are done, in any order`() async throws {
        let flows = [["m.login.password", "m.login.terms", "m.login.registration_token"], ["m.login.sso"]]
        try await serving({ $0.flows = flows }) { _, client in
            let access = try await client.logIn().access
            let asked = try await client.mint(access)
            #expect(asked["flows"] == [["stages": .array(flows[0].map(JSON.string))], ["stages": ["m.login.sso"]]])
            #expect(asked["params"]?.object?["m.login.terms"] != nil)
            let session = asked.session

            let terms = try await client.mint(access, auth(session, ["type": "m.login.terms"]))
            #expect(terms.status == 401)
            #expect(terms["completed"] == ["m.login.terms"])
            let wrong = ["type": "m.login.registration_token", "token": "wrong"] as JSON
            let refused = try await client.mint(access, auth(session, wrong))
            #expect(refused.errcode == "M_UNAUTHORIZED")
            #expect(refused["completed"] == ["m.login.terms"])
            #expect(try await client.mint(access, Client.auth(session: session)).status == 401)
            let right = ["type": "m.login.registration_token", "token": "open-sesame"] as JSON
            #expect(try await client.mint(access, auth(session, right)).status == 200)
        }
    }

    @Test(
        arguments: [
            ["type": "m.login.dummy"], ["type": "m.login.recaptcha", "response": "open-sesame"],
            ["type": "m.login.email.identity", "threepid_creds": ["sid": "open-sesame", "client_secret": "x"]],
            ["type": "m.login.msisdn", "threepid_creds": ["sid": "open-sesame", "client_secret": "x"]],
        ] as [JSON]
    )
    func `a flow without a password proves no account, and the access token's owner mints`(stage: JSON) async throws {
        let name = stage.object?["type"]?.string ?? ""
        try await serving({ $0.flows = [[name]] }) { _, client in
            let access = try await client.logIn().access
            let session = try await client.mint(access).session
            let nothing = auth(session, ["type": .string(name)])
            if name != "m.login.dummy" { #expect(try await client.mint(access, nothing).errcode == "M_UNAUTHORIZED") }
            #expect(try await client.mint(access, auth(session, stage)).status == 200)
        }
    }

    @Test func `a stage that no client knows is done on its page`() async throws {
        try await serving({ $0.flows = [["org.example.oath"]] }) { _, client in
            let access = try await client.logIn().access
            let session = try await client.mint(access).session
            let page = "auth/org.example.oath/fallback/web?session=\(session)"
            let shown = try await client.get(page)
            let link = "\(client.base)/_matrix/client/v3/auth/org.example.oath/fallback/web?confirmed=yes&amp;session="
            #expect(shown.body.string?.contains(link + session) == true)
            #expect(try await client.mint(access, auth(session, [:])).status == 401)
            #expect(try await client.get(page + "&confirmed=yes").status == 200)
            #expect(try await client.mint(access, auth(session, [:])).status == 200)
        }
    }

    @Test func `the browser comes back with a token in front of the fragment, for the account of its provider`()
        async throws
    {
        let providers = ["one", "two"].map { DevHomeserver.IdentityProvider(id: $0, name: $0, localpart: "user-\($0)") }
        try await serving({ $0.identityProviders = providers }) { _, client in
            let back = "http%3A%2F%2F127.0.0.1%3A1%2Fa%2520b%3Fx%3D1%2526#f".replacing("#", with: "%23")
            let reply = try await client.get("login/sso/redirect/two?redirectUrl=\(back)")
            let location = try #require(reply.location)
            let match = try #require(location.wholeMatch(of: /http:\/\/127.0.0.1:1\/a%20b\?x=1%26&loginToken=(.+)#f/))
            let session = try await client.redeem(.string(String(match.output.1)))
            #expect(session["user_id"] == "@user-two:localhost")
        }
    }

    @Test func `sessions that an administrator ends are unknown`() async throws {
        try await serving({ _ in }) { server, client in
            let tokens = try await client.logIn()
            await server.endSessions(of: "alice")
            #expect(try await client.get("account/whoami", token: tokens.access).errcode == "M_UNKNOWN_TOKEN")
            let refreshed = try await client.post("refresh", ["refresh_token": .string(tokens.refresh)])
            #expect(refreshed.status == 401)
        }
    }
}
