import JetonAPI
import TestSupport
import Testing

/// The main job, against each homeserver: the same promises hold at all of them.
@Suite struct MintingTests {
    @Test(arguments: HomeserverKind.available)
    func `a login token signs a second client in, once`(kind: HomeserverKind) async throws {
        let (agent, user, homeserver) = try await signedIn(kind)
        let token = try await agent.mint(for: user)
        #expect(token.userId == user.id)
        #expect(token.homeserver == homeserver.address)
        #expect((100_000...120_000).contains(token.expiresInMs))

        let other = OtherClient(homeserver.address)
        let session = try await other.logIn(token: token.loginToken.reveal())
        #expect(session.status == 200)
        let owner = try await other.whoAmI(session.body["access_token"] ?? "")
        #expect(owner.body["user_id"] == user.id)
        #expect(owner.body["device_id"] == session.body["device_id"])

        let again = try await other.logIn(token: token.loginToken.reveal())
        #expect(again.status == 403)
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `promise 3: the first request gives an opaque challenge, a wrong password the same one again`(
        kind: HomeserverKind
    ) async throws {
        let (agent, user, _) = try await signedIn(kind)
        let asked = try await agent.refusal(of: GenerateLoginToken(purpose: "a test"))
        #expect(asked.kind == .authRequired)
        #expect(asked.data["flows"] == [["stages": ["m.login.password"]]])
        #expect(asked.data["completed"] == [])
        // No word of the homeserver's session, which would mint without a password once it is completed.
        #expect(Set(asked.data.keys) == ["attempts_left", "challenge", "completed", "expires_at", "flows", "params"])
        let challenge = try #require(asked.data["challenge"]?.stringValue)

        let wrong = try await agent.refusal(
            of: GenerateLoginToken(auth: user.auth(challenge, password: "canary-wrong"))
        )
        #expect(wrong.kind == .authRequired)
        #expect(wrong.data["challenge"]?.stringValue == challenge)
        #expect(wrong.data["error"]?["errcode"] == "M_FORBIDDEN")

        // A wrong password costs no permit: the right one goes through at once.
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        let spent = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(spent.kind == .invalidParams)
        #expect(spent.data["field"] == "auth.challenge")
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `promise 4: a second token within the minute is refused before anybody is asked, over kill -9 too`(
        kind: HomeserverKind
    ) async throws {
        let (agent, user, homeserver) = try await signedIn(kind)
        let token = try await agent.mint(for: user)
        let requests = try await homeserver.mintRequests(of: user)

        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .rateLimited)
        #expect(refused.data["scope"] == "local")
        let retry = try #require(refused.data["retry_after_ms"]?.integerValue)
        #expect((1...60_000).contains(retry))

        try await agent.killNine()
        try await agent.start()
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .rateLimited)
        #expect(try await homeserver.mintRequests(of: user) == requests)

        let listed = try await agent.call(ListLoginTokens()).tokens
        #expect(listed.map(\.tokenId) == [token.tokenId])
        #expect(listed.first?.state == .live)
        #expect(listed.first?.purpose == "a test")
        let limits = try await agent.call(GetRateLimitStatus()).limits
        let limit = try #require(limits.first { $0.name == .loginToken })
        #expect(limit.remaining == 0)
        #expect((1...60_000).contains(limit.retryAfterMs))
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `after the homeserver's own 429 the same challenge goes on without a password`(kind: HomeserverKind)
        async throws
    {
        let (agent, user, homeserver) = try await signedIn(kind)
        let other = OtherClient(homeserver.address)
        let accessToken = try await other.logIn(user).body["access_token"] ?? ""
        #expect(try await other.mint(user, accessToken).status == 200)

        let challenge = try await agent.challenge()
        let limited = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(limited.kind == .rateLimited)
        #expect(limited.data["scope"] == "homeserver")
        #expect(limited.data["challenge"]?.stringValue == challenge)
        let limits = try await agent.call(GetRateLimitStatus()).limits
        #expect(limits.first { $0.name == .loginToken }?.notBeforeReason == .homeserver)

        // Until then the agent itself refuses.
        let early = try await agent.refusal(of: GenerateLoginToken(auth: ["challenge": .string(challenge)]))
        #expect(early.data["scope"] == "homeserver")
        let token = try await agent.patiently(GenerateLoginToken(auth: ["challenge": .string(challenge)]))
        #expect(try await other.logIn(token: token.loginToken.reveal()).status == 200)
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `promise 2: where the homeserver asks nothing, policy caller wants an echo and then delivers the sealed token`(
        kind: HomeserverKind
    ) async throws {
        let (agent, user, homeserver) = try await signedIn(kind, .unasking, configuration: "{consent: 'caller'}")
        let asked = try await agent.refusal(of: GenerateLoginToken(purpose: "a test"))
        #expect(asked.kind == .consentRequired)
        let challenge = try #require(asked.data["challenge"]?.stringValue)
        let requests = try await homeserver.mintRequests(of: user)

        let other = try await agent.refusal(
            of: GenerateLoginToken(purpose: "another", consent: .init(challenge: challenge))
        )
        #expect(other.kind == .forbidden)
        let token = try await agent.call(GenerateLoginToken(purpose: "a test", consent: .init(challenge: challenge)))
        #expect(try await homeserver.mintRequests(of: user) == requests)
        #expect(try await OtherClient(homeserver.address).logIn(token: token.loginToken.reveal()).status == 200)
        let twice = try await agent.refusal(of: GenerateLoginToken(consent: .init(challenge: challenge)))
        #expect(twice.kind == .invalidParams)
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `promise 2: where the homeserver asks nothing and there is no prompter, nothing is delivered`(
        kind: HomeserverKind
    ) async throws {
        let configuration = "{limits: {login_token: {count: 9, per_ms: 60000}}}"
        let (agent, user, homeserver) = try await signedIn(kind, .unasking, configuration: configuration)
        // That it asks nothing is known after the first time: then nothing is minted any more.
        for _ in 1...3 {
            let refused = try await agent.refusal(of: GenerateLoginToken())
            #expect(refused.kind == .promptUnavailable)
            #expect(refused.message.contains("config.json5"))
        }
        #expect(try await homeserver.mintRequests(of: user) == 1)
        #expect(try await agent.call(ListLoginTokens()).tokens.count == 1)
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `a homeserver with the feature off is named as such, and what its administrator can do`(
        kind: HomeserverKind
    ) async throws {
        let (agent, user, homeserver) = try await signedIn(kind, .off)
        let support = try await agent.call(GetLoginTokenSupport())
        #expect(support.supported == false)
        #expect(support.reason == .switchedOff)
        #expect(support.capability == false)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .unsupportedByHomeserver)
        #expect(refused.data["reason"] == "switched_off")
        #expect(refused.message.contains("login_via_existing_session"))
        #expect(try await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }
}
