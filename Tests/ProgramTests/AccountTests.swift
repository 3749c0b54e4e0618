import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Sessions: how they begin, what is kept of them, how they end.
@Suite struct AccountTests {
    @Test(arguments: HomeserverKind.available)
    func `a wrong password is refused in the homeserver's words, and nothing is kept`(kind: HomeserverKind) async throws
    {
        let homeserver = try await kind.homeserver()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let refused = try await agent.refusal(
            of: LogIn(userId: user.id, homeserver: homeserver.address, password: Secret("canary-wrong"))
        )
        #expect(refused.kind == .homeserverError)
        #expect(refused.data["http_status"] == 403)
        #expect(refused.data["errcode"] == "M_FORBIDDEN")
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        try await agent.stop()
    }

    @Test func `promise 6: passwords for an account that is held are counted when somebody signs in to it, too`()
        async throws
    {
        let (agent, user, homeserver) = try await signedIn(.devHomeserver)
        func signIn(_ password: String) -> LogIn {
            LogIn(userId: user.id, homeserver: homeserver.address, password: Secret(password))
        }
        func left() async throws -> Int? {
            try await agent.call(GetRateLimitStatus()).limits.first { $0.name == .wrongPassword }?.remaining
        }
        #expect(try await agent.refusal(of: signIn("canary-wrong")).kind == .homeserverError)
        #expect(try await left() == 4)
        // The right one forgives it.
        _ = try await agent.call(signIn(user.password))
        #expect(try await left() == 5)
        // In capitals it is the same user's.
        let capitals = LogIn(
            userId: user.id.replacing(/^@[^:]+/) { $0.output.uppercased() },
            homeserver: homeserver.address,
            password: Secret("canary-wrong")
        )
        #expect(try await agent.refusal(of: capitals).kind == .homeserverError)
        #expect(try await left() == 4)
        for rest in (0...3).reversed() {
            #expect(try await agent.refusal(of: signIn("canary-wrong")).kind == .homeserverError)
            #expect(try await left() == rest)
        }
        let last = try await agent.refusal(of: signIn(user.password))
        #expect(last.kind == .rateLimited && last.data["limit"] == "wrong_password")
        #expect(try await agent.refusal(of: GenerateLoginToken()).data["limit"] == "wrong_password")
        try await agent.stop()
    }

    @Test func `promise 6: passwords for an account that is held are counted by whatever name its homeserver goes`()
        async throws
    {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let port = try #require(homeserver.address.split(separator: ":").last)
        agent.companion = homeserver
        try await agent.logIn(user, at: "http://127.0.0.1:\(port)")
        // The server name of its users is localhost.
        let names = ["http://127.0.0.1:\(port)//", "HTTP://127.0.0.1:\(port)", "http://LocalHost:\(port)"]
        for count in 1...5 {
            let guess = LogIn(
                userId: user.id.localpart,
                homeserver: names[count % names.count],
                password: Secret("canary-wrong")
            )
            #expect(try await agent.refusal(of: guess).kind == .homeserverError)
            let limits = try await agent.call(GetRateLimitStatus()).limits
            #expect(limits.first { $0.name == .wrongPassword }?.remaining == 5 - count, "\(guess.homeserver ?? "")")
        }
        for name in names {
            let guess = LogIn(userId: user.id.localpart, homeserver: name, password: Secret(user.password))
            #expect(try await agent.refusal(of: guess).data["limit"] == "wrong_password")
        }
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `a session is told, minted with, survives kill -9, and is over after the logout`(kind: HomeserverKind)
        async throws
    {
        let (agent, user, homeserver) = try await signedIn(kind)
        let before = try await agent.call(GetAccountStatus()).account
        #expect(before.userId == user.id)
        #expect(before.homeserver == homeserver.address)
        #expect(before.state == .active)
        #expect(before.isDefault)
        #expect(before.loginTokens == .init(supported: true, reason: .available))
        let support = try await agent.call(GetLoginTokenSupport())
        #expect(support.supported && support.capability == true)

        try await agent.killNine()
        try await agent.start()
        #expect(try await agent.call(GetAccountStatus()).account == before)

        _ = try await agent.call(LogOut())
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: agent.state).allSatisfy { !$0.contains("account") })
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .notLoggedIn)
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `the logout ends the session at the homeserver too`(kind: HomeserverKind) async throws {
        let homeserver = try await kind.homeserver()
        let user = try await homeserver.newUser()
        let other = OtherClient(homeserver.address)
        let session = try await other.logIn(user)
        let accessToken = session.body["access_token"] ?? ""
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver

        let account = try await agent.call(LogIn(homeserver: homeserver.address, accessToken: Secret(accessToken)))
            .account
        #expect(account.userId == user.id)
        #expect(account.deviceId == session.body["device_id"])
        _ = try await agent.call(LogOut())
        #expect(try await other.whoAmI(accessToken).status == 401)
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `an access token that is none is refused, and one of somebody else too`(kind: HomeserverKind) async throws {
        let homeserver = try await kind.homeserver()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let none = LogIn(homeserver: homeserver.address, accessToken: Secret("canary-notoken"))
        #expect(try await agent.refusal(of: none).data["errcode"] == "M_UNKNOWN_TOKEN")

        let accessToken = try await OtherClient(homeserver.address).logIn(user).body["access_token"] ?? ""
        let wrong = LogIn(userId: "@somebody:else", homeserver: homeserver.address, accessToken: Secret(accessToken))
        let refused = try await agent.refusal(of: wrong)
        #expect(refused.kind == .invalidParams)
        #expect(refused.message.contains(user.id))
        try await agent.stop()
    }

    @Test(arguments: HomeserverKind.available)
    func `signing in again keeps the device`(kind: HomeserverKind) async throws {
        let (agent, user, homeserver) = try await signedIn(kind)
        let first = try await agent.call(GetAccountStatus()).account
        let second = try await agent.logIn(user, at: homeserver.address)
        #expect(second.deviceId == first.deviceId)
        try await agent.stop()
    }

    @Test func `a sign-in while the session before it is being ended stays`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let path = "/_matrix/client/v3/logout"
        await homeserver.server.misbehave(on: path, .hold)
        async let ending = agent.call(LogOut())
        try await eventually("the homeserver has ended it") {
            await homeserver.server.seenRequests.contains { $0.path == path }
        }
        let login = "/_matrix/client/v3/login"
        let before = await homeserver.server.seenRequests.count { $0.path == login }
        async let beginning = agent.logIn(user, at: homeserver.address)
        try await eventually("a sign-in is on its way") {
            await homeserver.server.seenRequests.count { $0.path == login } > before
        }
        // Time enough for a sign-in that does not wait.
        for _ in 1...10 { _ = try await agent.call(Ping()) }
        await homeserver.server.letGo()
        _ = try await ending
        let begun = try await beginning
        #expect(try await agent.call(ListAccounts()).accounts.map(\.deviceId) == [begun.deviceId])
        #expect(try await agent.call(GetLoginTokenSupport()).supported)
        try await agent.stop()
    }

    @Test func `a sign-in waits for a sign-out that waits for the homeserver`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let paths = (login: "/_matrix/client/v3/login", refresh: "/_matrix/client/v3/refresh")
        let refusal = #"{"errcode":"M_UNKNOWN_TOKEN","error":"expired","soft_logout":true}"#
        await homeserver.server.misbehave(
            on: "/_matrix/client/v3/logout",
            .answer(status: 401, contentType: "application/json", body: refusal, headers: [:])
        )
        await homeserver.server.misbehave(on: paths.refresh, .hold)
        async let ending = agent.call(LogOut())
        try await eventually("the session is being renewed for its end") {
            await homeserver.server.seenRequests.contains { $0.path == paths.refresh }
        }
        let before = await homeserver.server.seenRequests.count { $0.path == paths.login }
        async let beginning = agent.logIn(user, at: homeserver.address)
        try await eventually("a sign-in is on its way") {
            await homeserver.server.seenRequests.count { $0.path == paths.login } > before
        }
        await homeserver.server.misbehave(on: "/_matrix/client/v3/logout", nil)
        // Time enough for a sign-in that does not wait.
        for _ in 1...10 { _ = try await agent.call(Ping()) }
        await homeserver.server.letGo()
        _ = try await ending
        let begun = try await beginning
        #expect(try await agent.call(ListAccounts()).accounts.map(\.deviceId) == [begun.deviceId])
        #expect(try await agent.call(GetLoginTokenSupport()).supported)
        #expect(try await agent.call(GetAccountStatus()).account.state == .active)
        try await agent.stop()
    }

    @Test func `a sign-in on another device does not end the one that another sign-in goes on with`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let path = "/_matrix/client/v3/login"
        let loginToken = try await agent.mint(for: user).loginToken
        await homeserver.server.misbehave(on: "POST \(path)", .hold)
        func begun() async -> Int {
            await homeserver.server.seenRequests.count { $0.path == path && $0.method == "POST" }
        }
        let before = await begun()
        async let same = agent.logIn(user, at: homeserver.address)
        try await eventually("one sign-in has its device") { await begun() > before }
        await homeserver.server.misbehave(on: "POST \(path)", nil)
        // It does not say whose session that will be, so the homeserver gives it a device of its own.
        async let other = agent.call(LogIn(homeserver: homeserver.address, loginToken: loginToken))
        try await eventually("the other one too") { await begun() > before + 1 }
        // Time enough for one that does not wait.
        for _ in 1...10 { _ = try await agent.call(Ping()) }
        await homeserver.server.letGo()
        _ = try await (same, other)
        #expect(try await agent.call(GetLoginTokenSupport()).supported)
        let held = try await agent.call(GetAccountStatus()).account
        #expect(held.state == .active)
        let stranger = OtherClient(homeserver.address)
        let session = try await stranger.logIn(user).body
        let devices = try await stranger.devices(session["access_token"] ?? "")
        #expect(Set(devices) == [held.deviceId, session["device_id"] ?? ""])
        try await agent.stop()
    }

    @Test func `of two sign-ins at once one stays, and no device that nobody holds`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        await homeserver.server.misbehave(on: "/_matrix/client/v3/login", .delay(.seconds(1)))
        async let one = agent.logIn(user, at: homeserver.address)
        async let other = agent.logIn(user, at: homeserver.address)
        _ = try await (one, other)
        await homeserver.server.misbehave(on: "/_matrix/client/v3/login", nil)
        let held = try #require(try await agent.call(ListAccounts()).accounts.first)
        let stranger = OtherClient(homeserver.address)
        let session = try await stranger.logIn(user).body
        let devices = try await stranger.devices(session["access_token"] ?? "")
        #expect(Set(devices) == [held.deviceId, session["device_id"] ?? ""])
        try await agent.stop()
    }

    @Test func `a locked user is not told to be signed out`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        await homeserver.server.setLocked(true, user.id.localpart)
        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        await homeserver.server.misbehave(
            on: "/_matrix/client/v3/logout",
            .answer(
                status: 401,
                contentType: "application/json",
                body: #"{"errcode":"M_USER_LOCKED","error":"locked","soft_logout":true}"#,
                headers: [:]
            )
        )
        let refused = try await agent.refusal(of: LogOut())
        #expect(refused.data["errcode"] == "M_USER_LOCKED" || refused.kind == .sessionExpired)
        #expect(try await agent.call(ListAccounts()).accounts.map(\.userId) == [user.id])
        _ = try await agent.call(LogOut(localOnly: true))
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        try await agent.stop()
    }

    @Test func `with several accounts, a request must say which`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let (one, two) = (try await homeserver.newUser(), try await homeserver.newUser())
        let agent = try await AgentUnderTest().start()
        try await agent.logIn(one, at: homeserver.address)
        try await agent.logIn(two, at: homeserver.address)
        let ambiguous = try await agent.refusal(of: GenerateLoginToken())
        #expect(ambiguous.kind == .invalidParams)
        #expect(ambiguous.data["candidates"] == .array([one.id, two.id].sorted().map { .string($0) }))
        // One account's limit is not the other's.
        _ = try await agent.mint(for: one)
        _ = try await agent.mint(for: two)
        try await agent.stop()
    }

    @Test func `an access token that has expired is renewed, and what comes of it is on the disk`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        for _ in 1...2 {
            await homeserver.server.expireAccessTokens(of: user.id.localpart)
            #expect(try await agent.call(GetAccountStatus()).account.state == .active)
            try await agent.killNine()
            try await agent.start()
        }
        _ = try await agent.mint(for: user)
        try await agent.stop()
    }

    @Test func `callers that come at once share one renewal`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        try await withThrowingTaskGroup { group in
            for _ in 1...10 { group.addTask { try await agent.call(GetLoginTokenSupport()).supported } }
            for try await isSupported in group { #expect(isSupported) }
        }
        #expect(await homeserver.server.seenRequests.count { $0.path.hasSuffix("/refresh") } == 1)
        try await agent.stop()
    }

    @Test func `a session that the homeserver has ended is told as such`() async throws {
        let homeserver = try await DevHomeserverUnderTest { $0.offersRefresh = false }
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        try await agent.logIn(user, at: homeserver.address)
        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        let expired = try await agent.refusal(of: GenerateLoginToken())
        #expect(expired.kind == .sessionExpired)
        #expect(expired.data["soft"] == true)
        #expect(try await agent.call(ListAccounts()).accounts.first?.state == .signedOutSoftly)
        // Signing in again mends it, on the same device.
        #expect(try await agent.logIn(user, at: homeserver.address).state == .active)
        _ = try await agent.mint(for: user)
        try await agent.stop()
    }
}

extension String {
    /// `alice` of `@alice:localhost`.
    var localpart: String { String(dropFirst().prefix { $0 != ":" }) }
}
