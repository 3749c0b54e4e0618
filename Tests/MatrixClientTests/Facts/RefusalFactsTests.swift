import Foundation
import NIOHTTP1
import Testing

@testable import MatrixClient

/// The facts about refusals and limits, rule by rule.
@Suite(.timeLimit(.minutes(5)))
struct RefusalFactsTests {
    private func refusal(_ answer: LocalServer.Answer) async throws -> MatrixError.Refusal {
        try #require(await ask(answer) { try await $0.whoAmI(accessToken) }.refusal)
    }

    private func json(_ status: Int, _ errcode: String, _ more: String = "") -> LocalServer.Answer {
        .json(status, #"{"errcode":"\#(errcode)","error":"Words"\#(more)}"#)
    }

    @Test(arguments: ["a-basic/63-frank-get-token-locked", "a-basic/64-frank-whoami-locked"])
    func `a locked account keeps its session, although it is a 401 with soft logout`(_ recording: String) async throws {
        let refusal = try await refusal(.recorded(recording))
        #expect(refusal.status == 401 && refusal.softLogout)
        #expect(refusal.isLocked && !refusal.endsSession)
    }

    @Test func `a missing access token is the way's fault, and ends no session`() async throws {
        let refusal = try await refusal(.recorded("a-basic/15-get-token-no-access-token"))
        #expect(refusal.missesToken && !refusal.endsSession)
    }

    @Test func `a suspended account is told as such`() async throws {
        let refusal = try await refusal(json(403, "M_USER_SUSPENDED"))
        #expect(refusal.isSuspended && !refusal.endsSession && !refusal.isLocked)
    }

    @Test func `a deactivated account is told as such`() async throws {
        #expect(try await refusal(.recorded("a-basic/58-erin-token-login-after-deactivation")).isDeactivated)
    }

    @Test func `a homeserver at its limit names its administrator`() async throws {
        let refusal = try await refusal(
            json(403, "M_RESOURCE_LIMIT_EXCEEDED", #","admin_contact":"mailto:root@example.org""#)
        )
        #expect(refusal.exceedsResources)
        #expect(refusal.adminContact == "mailto:root@example.org")
    }

    @Test func `terms that are not agreed to name their page`() async throws {
        let refusal = try await refusal(
            json(403, "M_CONSENT_NOT_GIVEN", #","consent_uri":"https://example.org/terms""#)
        )
        #expect(refusal.wantsTerms)
        #expect(refusal.consentUri == "https://example.org/terms")
    }

    @Test(arguments: [("a-basic/72-wrong-method", 405), ("a-basic/74-v3-path", 404)])
    func `what is not there is M_UNRECOGNIZED, for its path or its method`(_ recording: String, _ status: Int)
        async throws
    {
        let refusal = try await refusal(.recorded(recording))
        #expect(refusal.isUnrecognized && refusal.status == status)
    }

    @Test func `a 404 of anything but Matrix is a page`() async throws {
        let error = try await ask(.recorded("n-misc/18-root-404")) { try await $0.whoAmI(accessToken) }.error
        guard case .notMatrix(404, let detail) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(detail.contains("text/html"))
        #expect(error?.isUnrecognized == true)
    }

    @Test func `what is of the wrong type in a refusal does not hide the rest`() async throws {
        let body = #"{"errcode":"M_USER_LOCKED","error":7,"soft_logout":"yes","admin_contact":{},"flows":1}"#
        let refusal = try await refusal(.json(401, body))
        #expect(refusal.isLocked)
        #expect(refusal.error == nil && !refusal.softLogout && refusal.adminContact == nil)
    }

    @Test func `a homeserver's novel is cut short`() async throws {
        let novel = String(repeating: "x", count: 100_000)
        let refusal = try await refusal(.json(403, #"{"errcode":"M_FORBIDDEN","error":"\#(novel)"}"#))
        #expect(refusal.error?.count == 2000)
    }

    @Test func `Retry-After in seconds counts before retry_after_ms`() async throws {
        let refusal = try await refusal(.recorded("a-basic/32-get-token-second-within-minute"))
        #expect(refusal.isLimit && refusal.retryAfter == .seconds(60))
    }

    @Test func `Retry-After as a date counts before retry_after_ms`() async throws {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        let header = formatter.string(from: Date(timeIntervalSinceNow: 600))
        var answer = json(429, "M_LIMIT_EXCEEDED", #","retry_after_ms":5"#)
        answer.headers.add(name: "Retry-After", value: header)
        let wait = try #require(await refusal(answer).retryAfter)
        #expect(wait > .seconds(500) && wait <= .seconds(600))
    }

    @Test func `without Retry-After, retry_after_ms counts`() async throws {
        #expect(
            try await refusal(json(429, "M_LIMIT_EXCEEDED", #","retry_after_ms":2500"#)).retryAfter == .seconds(2.5)
        )
    }

    @Test func `without either, a default of ours counts, also for a page`() async throws {
        #expect(try await refusal(json(429, "M_LIMIT_EXCEEDED")).retryAfter == .seconds(60))
        #expect(try await refusal(.page(429)).retryAfter == .seconds(60))
    }
}
