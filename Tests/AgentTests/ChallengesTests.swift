import JetonAPI
import MatrixClient
import Testing

@testable import Agent

struct ChallengesTests {
    private let noon = TestClock.noon

    private func after(_ seconds: Int) -> Moment { noon.advanced(by: .seconds(seconds)) }

    @Test func `promise 3: lives for five minutes`() {
        var challenges = Challenges()
        let challenge = challenges.open(.consent(nil), account: "@a:b", purpose: "p", at: noon)
        #expect(challenge.expiresAt == after(300))
        #expect(challenges.find(challenge.id, at: after(299))?.purpose == "p")
        #expect(challenges.find(challenge.id, at: after(300)) == nil)
        // A clock set back does not bring it back.
        #expect(challenges.find(challenge.id, at: noon) == nil)
    }

    @Test func `at most eight of an account, the oldest goes`() {
        var challenges = Challenges()
        let other = challenges.open(.consent(nil), account: "@b:b", purpose: nil, at: noon)
        let own = (0..<10).map { challenges.open(.consent(nil), account: "@a:b", purpose: nil, at: after($0)) }
        let found = own.map { challenges.find($0.id, at: after(10)) != nil }
        #expect(found == [false, false] + Array(repeating: true, count: 8))
        #expect(challenges.find(other.id, at: after(10)) != nil)
    }

    @Test func `those that the agent's prompt answers push nobody out, and nobody else answers them`() throws {
        var challenges = Challenges()
        let own = challenges.open(.consent(nil), account: "@a:b", purpose: nil, at: noon)
        let prompts = (0..<10).map { _ in
            challenges.open(.consent(nil), account: "@a:b", purpose: nil, isForPrompt: true, at: noon)
        }
        #expect(([own] + prompts).allSatisfy { challenges.find($0.id, at: after(1)) != nil })
        let echo = GenerateLoginToken(consent: .init(challenge: prompts[0].id))
        #expect(throws: AgentError.challengeGone("consent.challenge")) { try challenges.answered(by: echo, at: noon) }
        #expect(try challenges.answered(by: echo, isPromptsWord: true, at: noon)?.id == prompts[0].id)
        #expect(throws: AgentError.challengeGone("consent.challenge")) {
            try challenges.answered(by: echo, over: .restricted, isPromptsWord: true, at: noon)
        }
    }

    @Test func `by the public name of one nothing is minted, and a no from elsewhere is told to who comes with it`() {
        var challenges = Challenges()
        let asked = challenges.open(.consent(nil), account: "@a:b", purpose: nil, at: noon)
        let open = challenges.open(.consent(nil), account: "@a:b", purpose: nil, at: noon)
        #expect(challenges.ofCallers(at: noon).map(\.id) == [asked.id, open.id])
        let guess = GenerateLoginToken(consent: .init(challenge: asked.consentId))
        #expect(throws: AgentError.challengeGone("consent.challenge")) { try challenges.answered(by: guess, at: noon) }
        challenges.noteDenial(asked.id)
        #expect(challenges.find(consentId: asked.consentId, at: noon) == nil)
        #expect(challenges.ofCallers(at: noon).map(\.id) == [open.id])
        let echo = GenerateLoginToken(consent: .init(challenge: asked.id))
        for _ in 1...2 {
            #expect(throws: AgentError.consentDenied) { try challenges.answered(by: echo, at: noon) }
        }
    }

    @Test func `is claimed once, or dropped with all of its account`() {
        var challenges = Challenges()
        let ids = ["@a:b", "@a:b", "@b:b"].map {
            challenges.open(.consent(nil), account: $0, purpose: nil, at: noon).id
        }
        let claims = (1...2).map { _ in challenges.claim(ids[0]) }
        #expect(claims == [true, false])
        #expect(ids.map { challenges.find($0, at: noon) != nil } == [false, true, true])
        challenges.dropAll(of: "@a:b")
        #expect(ids.map { challenges.find($0, at: noon) != nil } == [false, false, true])
    }

    @Test func `goes on with what is wanted next, for no longer than before`() {
        var challenges = Challenges()
        var challenge = challenges.open(.consent(nil), account: "@a:b", purpose: nil, at: noon)
        _ = challenges.claim(challenge.id)
        challenge.wants = .authentication(.init(session: Secret("s"), flows: [["m.login.password"]]))
        challenges.reopen(challenge)
        guard case .authentication(let uia) = challenges.find(challenge.id, at: noon)?.wants else {
            Issue.record("not reopened")
            return
        }
        #expect(uia.session == Secret("s"))
        #expect(challenges.find(challenge.id, at: after(300)) == nil)
    }

    @Test func `has a name that nobody can guess`() {
        let ids = (0..<1000).map { _ in Identifier.make("c") }
        #expect(Set(ids).count == ids.count)
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for id in ids {
            // 128 bits in base 64.
            #expect(id.hasPrefix("c-") && id.count == 2 + 22)
            #expect(id.allSatisfy { alphabet.contains($0) })
        }
    }
}

extension Challenges {
    /// One that somebody asked for.
    fileprivate mutating func open(
        _ wants: Challenge.Wants,
        account: String,
        purpose: String?,
        isForPrompt: Bool = false,
        at now: Moment
    ) -> Challenge {
        open(wants, account: account, purpose: purpose, requester: someone, isForPrompt: isForPrompt, at: now)
    }
}
