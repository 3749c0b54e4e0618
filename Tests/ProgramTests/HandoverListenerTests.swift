import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// To which of those who listen on loopback a login token goes, and to whom it does not.
@Suite(.timeLimit(.minutes(5))) struct HandoverListenerTests {
    @Test(
        arguments: [
            ("127.0.0.1", "localhost"), ("::1", "localhost"), ("::", "localhost"), ("0.0.0.0", "localhost"),
            ("127.0.0.1", "127.0.0.1"), ("::", "127.0.0.1"), ("::1", "[::1]"), ("::", "[::1]"),
        ].filter { listening, named in Loopback.has(listening) && Loopback.has(named) }
    )
    func `by whatever loopback address`(listening: String, named: String) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient(at: listening)
        // Unencoded, and by an older path, as matrix-commander has it.
        let address =
            "\(homeserver.address)/_matrix/client/r0/login/sso/redirect?redirectUrl=http://\(named):\(client.port)/"
        let result = try await HandoverTests.handOver(HandOverLoginToken(ssoUrl: address), agent, user)
        #expect(result.deliveredTo == "http://\(named):\(client.port)")
        #expect(try client.requests().first?.hasPrefix("GET /?loginToken=") == true)
        try await agent.stop()
    }

    @Test func `where nobody waits nothing is minted, nor where the client goes while the user is asked`() async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient()
        let answer = try await HandoverTests.answered(HandoverTests.request(homeserver, client), agent, user)
        let before = await homeserver.mintRequests(of: user)
        try await client.stop()
        let gone = try await agent.refusal(of: answer)
        #expect(gone.kind == .forbidden)
        #expect(gone.message.contains("Nobody listens"))
        #expect(await homeserver.mintRequests(of: user) == before)
        #expect(try await agent.call(ListLoginTokens()).tokens.isEmpty)
        try await agent.stop()
    }

    @Test(.enabled(if: geteuid() == 0, "SKIPPED: only root can listen as somebody else"))
    func `another user's listener gets nothing, not even one that comes while the user is asked`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        for address in ["127.0.0.1", "::", "0.0.0.0"] where Loopback.has(address) {
            let other = try await WaitingClient(at: address, uid: 65534)
            let refused = try await agent.refusal(of: HandoverTests.request(homeserver, other))
            #expect(refused.kind == .forbidden)
            #expect(refused.message.contains("another user"))
            #expect(try other.requests().isEmpty)
        }
        #expect(await homeserver.mintRequests(of: user) == 0)
        let client = try await WaitingClient()
        let answer = try await HandoverTests.answered(HandoverTests.request(homeserver, client), agent, user)
        try await client.stop()
        let successor = try await WaitingClient(uid: 65534, inPlaceOf: client)
        #expect(try await agent.refusal(of: answer).kind == .forbidden)
        // The homeserver's question alone.
        #expect(await homeserver.mintRequests(of: user) == 1)
        #expect(try successor.requests().isEmpty)
        guard Loopback.hasIPv6 else { return try await agent.stop() }
        // Somebody else's at the one address of localhost is no hindrance at the other.
        let own = try await WaitingClient(at: "::1", inPlaceOf: client)
        _ = try await agent.call(try await HandoverTests.answered(HandoverTests.request(homeserver, own), agent, user))
        #expect(try own.tokens().count == 1)
        #expect(try successor.requests().isEmpty)
        try await agent.stop()
    }

    @Test(arguments: [
        ("status:500", "refused"), ("status:404", "refused"), ("stall", "unanswered"), ("close", "unanswered"),
        ("garbage", "unanswered"), ("flood", "unanswered"),
    ])
    func `a client that does not take it is told of, and so is how long its token lives`(plan: String, delivery: String)
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient(plan)
        let answer = try await HandoverTests.answered(HandoverTests.request(homeserver, client), agent, user)
        let refused = try await agent.refusal(of: answer)
        #expect(refused.kind == .outcomeUnknown)
        #expect(refused.data["delivery"]?.stringValue == delivery)
        let token = try #require(try await agent.call(ListLoginTokens()).tokens.first)
        #expect(refused.data["token_id"]?.stringValue == token.tokenId)
        #expect(refused.data["may_exist_until"]?.stringValue == token.expiresAt.description)
        #expect(try client.requests().count == 1)
        #expect(Canary.secrets(in: "\(refused)").isEmpty)
        try await agent.stop()
    }

    @Test func `another program of the user's gets nothing either that has taken the place of the one asked about`()
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient()
        let answer = try await HandoverTests.answered(HandoverTests.request(homeserver, client), agent, user)
        let before = await homeserver.mintRequests(of: user)
        try await client.stop()
        let successor = try await WaitingClient(inPlaceOf: client)
        let refused = try await agent.refusal(of: answer)
        #expect(refused.kind == .forbidden)
        #expect(refused.message.contains("another program"), "\(refused.message)")
        #expect(refused.data["listener"] == "replaced")
        #expect(await homeserver.mintRequests(of: user) == before)
        #expect(try successor.requests().isEmpty)
        // Whoever asks anew is told of the one that waits now.
        _ = try await HandoverTests.handOver(HandoverTests.request(homeserver, successor), agent, user)
        #expect(try successor.tokens().count == 1)
        try await agent.stop()
    }

    @Test func `nor does one that comes once the token is minted, which is told of as lost`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient()
        let answer = try await HandoverTests.answered(HandoverTests.request(homeserver, client), agent, user)
        await homeserver.server.misbehave(on: "/_matrix/client/v1/login/get_token", .hold)
        let before = await homeserver.mintRequests(of: user)
        async let refusal = agent.refusal(of: answer)
        try await eventually("the token is minted") { await homeserver.mintRequests(of: user) > before }
        try await client.stop()
        let successor = try await WaitingClient(inPlaceOf: client)
        await homeserver.server.letGo()
        let refused = try await refusal
        #expect(refused.kind == .outcomeUnknown)
        #expect(refused.data["delivery"] == "undelivered")
        #expect(refused.message.contains("went nowhere"), "\(refused.message)")
        let token = try #require(try await agent.call(ListLoginTokens()).tokens.first)
        #expect(refused.data["token_id"]?.stringValue == token.tokenId)
        #expect(try successor.requests().isEmpty)
        #expect(agent.logText.contains("login_token.not_handed_over"))
        try await agent.stop()
    }

    @Test func `a prompt that was agreed to is good for the listener that was there`() async throws {
        let prompt = try await PromptUnderTest("until:go")
        let homeserver = try await DevHomeserverUnderTest(.unasking)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(arguments: ["--prompt-socket", prompt.socket]).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        let client = try await WaitingClient()
        let request = HandoverTests.request(homeserver, client)
        async let refusal = agent.refusal(of: request)
        try await eventually("the user is asked") { prompt.questions == 1 }
        try await client.stop()
        let successor = try await WaitingClient(inPlaceOf: client)
        try prompt.release("go")
        #expect(try await refusal.kind == .forbidden)
        #expect(try successor.requests().isEmpty)
        try await agent.stop()
    }

    @Test(.enabled(if: Loopback.hasIPv6, "SKIPPED: there is no IPv6 here"))
    func `one that is there for IPv6 alone, which does not show, is reached as localhost all the same`()
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let client = try await WaitingClient(at: "::", isIPv6Only: true)
        let result = try await HandoverTests.handOver(HandoverTests.request(homeserver, client), agent, user)
        #expect(result.deliveredTo == "http://localhost:\(client.port)")
        #expect(try client.tokens().count == 1)
        try await agent.stop()
    }
}
