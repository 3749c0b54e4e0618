import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Several accounts, on several homeservers.
@Suite struct SeveralAccountsTests {
    @Test func `the default account is meant where none is named, over kill -9, until it is signed out`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let users = [try await homeserver.newUser(), try await homeserver.newUser(), try await homeserver.newUser()]
        let agent = try await AgentUnderTest().start()
        try await agent.logIn(users[0], at: homeserver.address)
        #expect(try await agent.defaults == [users[0].id])
        for user in users.dropFirst() { try await agent.logIn(user, at: homeserver.address) }
        #expect(try await agent.defaults == [])
        let ambiguous = try await agent.refusal(of: GenerateLoginToken())
        #expect(ambiguous.kind == .invalidParams)
        #expect(ambiguous.data["candidates"] == .array(users.map(\.id).sorted().map { .string($0) }))
        #expect(ambiguous.message.contains("jeton accounts default"))

        _ = try await agent.call(SetDefaultAccount(account: users[1].id))
        #expect(try await agent.call(GetAccountStatus()).account.userId == users[1].id)
        #expect(try await agent.refusal(of: GenerateLoginToken()).kind == .authRequired)
        try await agent.killNine()
        try await agent.start()
        #expect(try await agent.defaults == [users[1].id])
        let chosen = try await agent.jeton("accounts", "default", users[2].id)
        #expect(chosen.status == 0)
        #expect(try await agent.defaults == [users[2].id])
        #expect(try await agent.jeton("accounts").output.contains("yes"))

        _ = try await agent.call(LogOut(account: users[2].id))
        #expect(try await agent.defaults == [])
        try await agent.logIn(users[2], at: homeserver.address)
        #expect(try await agent.defaults == [], "an account that comes back was not chosen again")
        try await agent.stop()
    }

    @Test func `a name that is no full user id is told what it may mean`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        for name in [user.id.localpart, "@\(user.id.localpart)", String(user.id.dropFirst())] {
            let refused = try await agent.refusal(of: SetDefaultAccount(account: name))
            #expect(refused.kind == .invalidParams)
            #expect(refused.message.contains("did you mean \(user.id)?"), "\(refused.message)")
            #expect(refused.data["candidates"] == [.string(user.id)])
            #expect(refused.data["field"] == "account")
        }
        let unknown = try await agent.refusal(of: GenerateLoginToken(account: "@nobody:localhost"))
        #expect(unknown.kind == .notLoggedIn && unknown.message.contains(user.id))
        #expect(try await agent.refusal(of: RefreshAccount(account: "")).kind == .invalidParams)
        let shown = try await agent.jeton("accounts", "default", user.id.localpart)
        #expect(shown.status == 64 && shown.errors.contains("did you mean \(user.id)?"))
        try await agent.stop()
    }

    @Test func `a homeserver that hangs delays nobody at another one`() async throws {
        let (hanging, quick) = (try await DevHomeserverUnderTest(), try await DevHomeserverUnderTest())
        let stuck = try await hanging.newUser()
        // The two are known by the same name, so their users must not be.
        let user = try await quick.newUser()
        let agent = try await AgentUnderTest().start()
        try await agent.logIn(stuck, at: hanging.address)
        try await agent.logIn(user, at: quick.address)
        for path in ["/v3/capabilities", "/v3/refresh", "/v1/login/get_token", "/versions", "/v3/logout"] {
            await hanging.server.misbehave(on: "/_matrix/client\(path)", .stall)
        }
        await hanging.server.expireAccessTokens(of: stuck.id.localpart)
        let seen = await hanging.server.seenRequests.count
        // More than there are connections to one homeserver.
        let hung = (1...20).map { number in
            Task {
                switch number % 3 {
                case 0: _ = try await agent.call(GetAccountStatus(account: stuck.id))
                case 1: _ = try await agent.call(GenerateLoginToken(account: stuck.id))
                default: _ = try await agent.call(RefreshAccount(account: stuck.id))
                }
            }
        }
        try await eventually("they hang") { await hanging.server.seenRequests.count > seen + 2 }

        let began = ContinuousClock.now
        #expect(try await agent.call(GetAccountStatus(account: user.id)).account.state == .active)
        _ = try await agent.call(RefreshAccount(account: user.id))
        let token = try await agent.mint(for: user)
        #expect(try await OtherClient(quick.address).logIn(token: token.loginToken.reveal()).status == 200)
        #expect(try await agent.call(ListAccounts()).accounts.count == 2)
        _ = try await agent.call(LogOut(account: user.id))
        // The others hang for half a minute.
        #expect(began.duration(to: .now) < .seconds(25))
        await hanging.server.stop()
        for task in hung { _ = await task.result }
        try await agent.stop()
    }

    @Test func `an account whose homeserver hangs can be forgotten at once`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        await homeserver.server.misbehave(on: "/_matrix/client/v3/refresh", .stall)
        let renewing = Task { try await agent.refusal(of: RefreshAccount()) }
        try await eventually("the renewal hangs") {
            await homeserver.server.seenRequests.contains { $0.path.hasSuffix("/refresh") }
        }
        _ = try await agent.call(LogOut(account: user.id, localOnly: true))
        #expect(try await agent.call(ListAccounts()).accounts.isEmpty)
        await homeserver.server.stop()
        #expect([.notLoggedIn, .homeserverUnreachable].contains(try await renewing.value.kind))
        #expect(try FileManager.default.contentsOfDirectory(atPath: agent.state).allSatisfy { !$0.contains("account") })
        try await agent.stop()
    }

    @Test func `a damaged choice of the default account is named, and nothing is overwritten`() async throws {
        let agent = try AgentUnderTest()
        try agent.folder.write("{", to: "state/default.json")
        let ended = try await agent.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("default.json: is damaged"))
        #expect(try String(contentsOfFile: agent.folder.file("state/default.json"), encoding: .utf8) == "{")
    }
}

extension AgentUnderTest {
    /// The accounts that are told as the default.
    fileprivate var defaults: [String] {
        get async throws { try await call(ListAccounts()).accounts.filter(\.isDefault).map(\.userId) }
    }
}
