import JetonAPI
import MatrixClient
import Testing

@testable import Agent

struct RenewalFailureTests {
    private static func refused(_ status: Int, _ errcode: String?, after wait: Duration? = nil) -> MatrixError {
        .refused(.init(status: status, errcode: errcode, error: nil, retryAfter: wait))
    }

    /// Whether a session is over after this answer to a renewal.
    private static let answers: [(MatrixError, isOver: Bool)] = [
        (refused(401, "M_UNKNOWN_TOKEN"), true), (refused(403, "M_FORBIDDEN"), true),
        (refused(403, "M_UNKNOWN_TOKEN"), true),
        // Gateways and firewalls speak JSON and HTML too.
        (refused(401, nil), false), (refused(403, nil), false),
        (.notMatrix(status: 401, detail: "a page"), false), (.notMatrix(status: 403, detail: "a page"), false),
        (refused(400, "M_BAD_JSON"), false), (refused(429, "M_LIMIT_EXCEEDED"), false),
        (refused(500, "M_UNKNOWN"), false),
        (refused(401, "M_USER_LOCKED"), false), (refused(403, "M_USER_SUSPENDED"), false),
        (refused(404, "M_UNRECOGNIZED"), false),
        (.unreachable(.init(stage: .timeout, detail: "no answer", mayHaveArrived: true)), false),
        (.authenticationRequired(.init(session: nil, flows: [])), false),
    ]

    @Test(arguments: answers)
    func `only a homeserver's own 401 or 403 ends a session`(answer: MatrixError, isOver: Bool) {
        var ends = false
        if case .over = RenewalFailure(answer) { ends = true }
        #expect(ends == isOver)
    }

    @Test func `each other answer is what it is`() {
        #expect(RenewalFailure(Self.refused(404, "M_UNRECOGNIZED")) == .switchedOff)
        #expect(RenewalFailure(Self.refused(405, "M_UNRECOGNIZED")) == .switchedOff)
        #expect(RenewalFailure(.notMatrix(status: 404, detail: "a page")) == .failing(retryAfter: nil))
        #expect(RenewalFailure(Self.refused(429, nil, after: .seconds(7))).retryAfter == .seconds(7))
        #expect(RenewalFailure(Self.refused(502, nil)) == .failing(retryAfter: nil))
        let failure = MatrixError.Failure(stage: .dns, detail: "no such name", mayHaveArrived: false)
        #expect(RenewalFailure(.unreachable(failure)) == .unreachable)
    }
}

struct TroubleTests {
    private static func refusal(_ status: Int, _ errcode: String) -> MatrixError.Refusal {
        .init(status: status, errcode: errcode, error: "words", softLogout: true)
    }

    @Test(arguments: [
        (401, "M_USER_LOCKED", Account.State.locked), (403, "M_USER_SUSPENDED", .suspended),
        (403, "M_USER_DEACTIVATED", .signedOut),
    ])
    func `what a refusal says of the user is a state`(status: Int, errcode: String, state: Account.State) {
        let trouble = Trouble.standing(Self.refusal(status, errcode), at: TestClock.noon)
        #expect(trouble?.state == state)
        #expect(trouble?.errcode == errcode && trouble?.at == TestClock.noon)
        #expect(trouble?.cause(of: "@a:b").detail.contains("(words)") == (state != .signedOut))
    }

    @Test(arguments: [(401, "M_UNKNOWN_TOKEN"), (403, "M_FORBIDDEN"), (429, "M_LIMIT_EXCEEDED")])
    func `other refusals say nothing of the user`(status: Int, errcode: String) {
        #expect(Trouble.standing(Self.refusal(status, errcode), at: TestClock.noon) == nil)
    }

    @Test(arguments: Trouble.Reason.allCases)
    func `each reason is told in sentences that say what to do`(reason: Trouble.Reason) {
        let trouble = Trouble(reason: reason, at: TestClock.noon)
        let cause = trouble.cause(of: "@a:b", at: "https://b")
        #expect(cause.detail.hasSuffix("."))
        #expect(trouble.state != .active)
        let cure =
            switch trouble.state {
            case .offline, .active: "it is tried again"
            case .locked, .suspended: "ask them"
            case .signedOut, .signedOutSoftly: reason == .userDeactivated ? "jeton logout" : "jeton login @a:b"
            }
        #expect(cause.detail.contains(cure))
    }

    @Test func `an outage is what keeps a homeserver from answering, not what it answers`() {
        let now = TestClock.noon
        let lost = MatrixError.unreachable(.init(stage: .dns, detail: "no such name", mayHaveArrived: false))
        #expect(Trouble.outage(lost, at: now)?.reason == .unreachable)
        #expect(Trouble.outage(.refused(Self.refusal(502, "M_UNKNOWN")), at: now)?.reason == .homeserverFailing)
        #expect(Trouble.outage(.notMatrix(status: 200, detail: "a page"), at: now)?.reason == .homeserverFailing)
        #expect(Trouble.outage(.notMatrix(status: 404, detail: "a page"), at: now) == nil)
        #expect(Trouble.outage(.refused(Self.refusal(403, "M_FORBIDDEN")), at: now) == nil)
    }
}
