import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Minting that waits for a limit, and what ends the wait.
@Suite struct WaitingTests {
    /// An agent that mints unasked, once in so many milliseconds.
    private func unattended(_ milliseconds: Int) async throws -> (AgentUnderTest, DevHomeserverUnderTest) {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let configuration = "{consent: 'none', limits: {login_token: {count: 1, per_ms: \(milliseconds)}}}"
        let agent = try await AgentUnderTest(configuration: configuration).start()
        agent.companion = homeserver
        try await agent.logIn(try await homeserver.newUser(), at: homeserver.address)
        return (agent, homeserver)
    }

    @Test func `those who wait are served in the order in which they came, each in its time`() async throws {
        let (agent, _) = try await unattended(1000)
        let client = try LineClient(agent)
        let began = ContinuousClock.now
        for id in 1...4 { client.request("\(id)", "login_token.generate", #"{"wait_ms":60000}"#) }
        let order = try await onThread {
            try (1...4).map { _ in
                let answer = try client.next()
                #expect(answer["result"]?["login_token"] != nil)
                return answer["id"]?.integerValue
            }
        }
        #expect(order == [1, 2, 3, 4])
        #expect(began.duration(to: .now) >= .milliseconds(2900))
        #expect(try await agent.call(ListLoginTokens()).tokens.count == 4)
        try await agent.stop()
    }

    @Test func `a limit that lasts longer than the caller will wait is told at once`() async throws {
        let (agent, _) = try await unattended(60_000)
        _ = try await agent.call(GenerateLoginToken())
        let refused = try await agent.refusal(of: GenerateLoginToken(waitMs: 5000))
        #expect(refused.kind == .rateLimited)
        #expect((refused.data["retry_after_ms"]?.integerValue ?? 0) > 5000)
        for wait in [-1, 86_400_001] {
            let wrong = try await agent.refusal(of: GenerateLoginToken(waitMs: wait))
            #expect(wrong.kind == .invalidParams && wrong.data["field"] == "wait_ms")
        }
        try await agent.stop()
    }

    @Test func `a limit that outlasts the longest wait ends the command, which does not ask again and again`()
        async throws
    {
        let (agent, _) = try await unattended(2 * 86_400_000)
        _ = try await agent.call(GenerateLoginToken())
        let ended = try await agent.jeton("token", "--wait")
        #expect(ended.status == 5)
        #expect(try await agent.call(GetMetrics()).limitsHit <= 2)
        try await agent.stop()
    }

    @Test func `a wait delays nobody, and is cancelled by its id, to the byte`() async throws {
        let (agent, _) = try await unattended(60_000)
        _ = try await agent.call(GenerateLoginToken())
        let client = try LineClient(agent)
        let long = "123456789012345678901234567890"
        for id in [long, "\"a\"", "7.0"] { client.request(id, "login_token.generate", #"{"wait_ms":86400000}"#) }
        client.request("1", "agent.ping")
        #expect(try await onThread { try client.next()["id"] } == 1)
        // Another id, and another connection's, are not meant.
        client.request("2", "request.cancel", #"{"id":123456789012345678901234567891}"#)
        #expect(try await onThread { try client.next()["id"] } == 2)
        let other = try LineClient(agent)
        other.request("2", "request.cancel", "{\"id\":\(long)}")
        #expect(try await onThread { try other.next()["result"] } == [:])
        client.request("3", "agent.ping")
        #expect(try await onThread { try client.next()["id"] } == 3)
        for id in ["\"a\"", "7.0", long] {
            client.request("4", "request.cancel", "{\"id\":\(id)}")
            let answers = try await onThread { [try client.next(), try client.next()] }
            #expect(answers.contains { $0["id"] == 4 && $0["result"] == [:] })
            #expect(answers.contains { $0["error"]?["code"] == -32018 && $0["error"]?["data"]?["kind"] == "cancelled" })
        }
        #expect(try await agent.call(ListLoginTokens()).tokens.count == 1)
        try await agent.stop()
    }

    @Test func `whoever closes the connection leaves the line to the next`() async throws {
        let (agent, _) = try await unattended(60_000)
        _ = try await agent.call(GenerateLoginToken())
        let first = try LineClient(agent)
        first.request("1", "login_token.generate", #"{"wait_ms":86400000,"purpose":"first"}"#)
        first.request("2", "agent.ping")
        #expect(try await onThread { try first.next()["id"] } == 2)
        let second = try LineClient(agent)
        second.request("1", "login_token.generate", #"{"wait_ms":86400000,"purpose":"second"}"#)
        // From now on nobody has to wait but who sleeps already.
        let configuration = "{consent: 'none', limits: {login_token: {count: 1, per_ms: 1}}}"
        try agent.folder.write(configuration, to: "config/config.json5")
        agent.send(SIGHUP)
        try await eventually("it is read anew") { agent.logText.contains("the configuration was read anew") }
        first.close()
        #expect(try await onThread { try second.next()["result"]?["login_token"] } != nil)
        #expect(try await agent.call(ListLoginTokens()).tokens.map(\.purpose) == ["second", nil])
        try await agent.stop()
    }

    @Test func `a wait for the homeserver's own limit goes on without a second password`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev { $0.mintInterval = .seconds(2) }
        let other = OtherClient(homeserver.address)
        let challenge = try await agent.challenge()
        #expect(try await other.mint(user, try await other.logIn(user).body["access_token"] ?? "").status == 200)
        let token = try await agent.call(GenerateLoginToken(auth: user.auth(challenge), waitMs: 60_000))
        #expect(try await other.logIn(token: token.loginToken.reveal()).status == 200)
        try await agent.stop()
    }
}
