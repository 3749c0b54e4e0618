import JetonAPI
import MatrixClient
import Testing

@testable import Agent

/// What users read when a homeserver refuses.
struct RefusalSentenceTests {
    @Test(
        arguments: [
            (
                .init(status: 401, errcode: "M_USER_LOCKED", error: "Locked.", softLogout: true),
                "has locked the account; its administrator can unlock it, and the session then goes on: Locked."
            ),
            (
                .init(status: 403, errcode: "M_USER_SUSPENDED", error: nil),
                "has suspended the account; its moderators can lift that: M_USER_SUSPENDED."
            ),
            (
                .init(status: 403, errcode: "M_USER_DEACTIVATED", error: "Gone"),
                "knows the account as deactivated, which is for good: Gone."
            ),
            (
                .init(
                    status: 403,
                    errcode: "M_RESOURCE_LIMIT_EXCEEDED",
                    error: "Full",
                    adminContact: "mailto:a@example.org"
                ),
                "has reached a limit of its own; its administrator can raise it (mailto:a@example.org): Full."
            ),
            (
                .init(status: 403, errcode: "M_CONSENT_NOT_GIVEN", error: "Terms", consentUri: "https://example.org/t"),
                "wants its terms to be agreed to; do so at https://example.org/t, then try again: Terms."
            ),
            (
                .init(status: 403, errcode: "M_CONSENT_NOT_GIVEN", error: "Terms", consentUri: "file:///etc/passwd"),
                "wants its terms to be agreed to first: Terms."
            ),
            (
                .init(status: 401, errcode: "M_MISSING_TOKEN", error: "Missing access token"),
                "got no access token; a proxy in between seems to remove the Authorization header: Missing access token."
            ),
            (
                .init(status: 401, errcode: "M_UNKNOWN_TOKEN", error: "Invalid"),
                "does not know the access token, or not any more: Invalid."
            ),
            (
                .init(status: 401, errcode: "M_UNKNOWN_TOKEN", error: "Expired", softLogout: true),
                "says that the access token has expired: Expired."
            ),
            (
                .init(status: 404, errcode: "M_UNRECOGNIZED", error: "Unrecognized request"),
                "does not know this request; its software is too old for it, or has it switched off: Unrecognized request."
            ),
            (.init(status: 503, errcode: nil, error: nil), "is out of order (status 503); try again later."),
            (
                .init(status: 403, errcode: "M_FORBIDDEN", error: "Invalid username or password.\n"),
                "refused: Invalid username or password."
            ),
            (.init(status: 400, errcode: nil, error: nil), "refused: status 400."),
        ] as [(MatrixError.Refusal, String)]
    )
    func `say what to do, and keep the homeserver's words`(_ refusal: MatrixError.Refusal, _ sentence: String) throws {
        let error = AgentError(.refused(refusal), at: try HomeserverAddress("https://hs.example.org"))
        #expect(error.kind == .homeserverError)
        #expect(error.message == "https://hs.example.org \(sentence)")
        #expect(error.data["http_status"] == .integer(refusal.status))
        #expect(error.data["errcode"]?.stringValue == refusal.errcode)
        #expect(error.data["error"]?.stringValue == refusal.error)
        #expect(error.data["admin_contact"]?.stringValue == refusal.adminContact)
        #expect(error.data["consent_uri"]?.stringValue == refusal.consentUri)
    }
}
