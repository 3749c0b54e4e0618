import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// What happens while the homeserver's answer is on its way.
@Suite struct HeldAnswerTests {
    private static let path = "/_matrix/client/v1/login/get_token"

    private let homeserver: DevHomeserverUnderTest
    private let proxy: Proxy
    private let agent: AgentUnderTest
    private let user: TestUser

    init() async throws {
        homeserver = try await DevHomeserverUnderTest { $0.mintInterval = .zero }
        proxy = try Proxy(before: homeserver.address)
        agent = try await AgentUnderTest(configuration: "{limits: {login_token: {count: 9, per_ms: 60000}}}").start()
        user = try await homeserver.newUser()
        try await agent.logIn(user, at: proxy.address)
    }

    @Test func `whoever is signed out then still learns that a token may exist`() async throws {
        let challenge = try await agent.challenge()
        let answer = proxy.expect(.answerHeld, at: "POST", Self.path)
        async let lost = agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        try await answer.happened()
        _ = try await agent.call(LogOut(account: user.id, localOnly: true))
        answer.abandon()
        let unknown = try await lost
        #expect(unknown.kind == .outcomeUnknown, "\(unknown)")
        #expect(unknown.data["may_exist_until"] != nil)
        try await agent.stop()
    }

    @Test func `a limit that is met at the question is no word on the password`() async throws {
        let challenge = try await agent.challenge()
        await homeserver.server.forgetUIASessions()
        let forgotten = proxy.expect(.answerHeld, at: "POST", Self.path)
        async let limited = agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        try await forgotten.happened()
        let limit = #"{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":1000}"#
        await homeserver.server.misbehave(
            on: Self.path,
            .answer(status: 429, contentType: "application/json", body: limit, headers: [:])
        )
        forgotten.letGo()
        let refused = try await limited
        #expect(refused.kind == .rateLimited)
        #expect(refused.data["challenge"] == nil)
        await homeserver.server.misbehave(on: Self.path, nil)
        // Nor has the question been used up.
        _ = try await agent.patiently(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test func `where a permit cannot be given back, the question stays open`() async throws {
        let challenge = try await agent.challenge()
        let answer = proxy.expect(.answerHeld, at: "POST", Self.path)
        let wrong = GenerateLoginToken(auth: user.auth(challenge, password: "canary-wrong"))
        async let failed = agent.refusal(of: wrong)
        try await answer.happened()
        try FileManager.default.moveItem(atPath: agent.state, toPath: "\(agent.state).away")
        answer.letGo()
        #expect(try await failed.kind == .storageFailed)
        try FileManager.default.moveItem(atPath: "\(agent.state).away", toPath: agent.state)
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test(arguments: [false, true])
    func `promise 14: a lock that comes while a session is renewed holds for the answer that waits for it`(
        isApproval: Bool
    ) async throws {
        let challenge = try await agent.challenge()
        let consent = try await agent.waiting().consentId
        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        let renewal = proxy.expect(.requestHeld, at: "POST", Paths.refresh)
        let approval = ApproveConsent(consentId: consent, auth: user.auth(consent))
        let answer = GenerateLoginToken(auth: user.auth(challenge))
        async let refused = isApproval ? agent.refusal(of: approval) : agent.refusal(of: answer)
        try await renewal.happened()
        _ = try await agent.call(LockAgent())
        renewal.letGo()
        #expect(try await refused.kind == .locked)
        // Who came after the lock was refused at once.
        try await eventually("the session is renewed") {
            proxy.passages("POST", Paths.refresh).map(\.status) == [200]
        }
        // It may have gone out with the old token, to no avail.
        #expect(proxy.passages("POST", Self.path).allSatisfy { $0.status == 401 }, "\(proxy.passagesSoFar)")
        // Nothing was used up.
        #expect(try await agent.waiting().consentId == consent)
        let limits = try await agent.call(GetRateLimitStatus()).limits
        #expect(limits.first { $0.name == .loginToken }?.remaining == 9)
        try await agent.stop()
    }
}
