import FoundationEssentials
import Testing

@testable import JetonAPI

struct AgentErrorTests {
    /// The table of the design, beneath the standard's own.
    private static let codes: [(AgentError.Kind, Int, String)] = [
        (.parseError, -32700, "parse_error"), (.invalidRequest, -32600, "invalid_request"),
        (.methodNotFound, -32601, "method_not_found"), (.invalidParams, -32602, "invalid_params"),
        (.internalError, -32603, "internal_error"),
        (.authRequired, -32001, "auth_required"), (.rateLimited, -32002, "rate_limited"),
        (.notLoggedIn, -32003, "not_logged_in"), (.sessionExpired, -32004, "session_expired"),
        (.unsupportedByHomeserver, -32005, "unsupported_by_homeserver"),
        (.homeserverError, -32006, "homeserver_error"), (.homeserverUnreachable, -32007, "homeserver_unreachable"),
        (.consentRequired, -32008, "consent_required"), (.consentDenied, -32009, "consent_denied"),
        (.consentTimeout, -32010, "consent_timeout"), (.promptUnavailable, -32011, "prompt_unavailable"),
        (.locked, -32012, "locked"), (.forbidden, -32013, "forbidden"), (.busy, -32014, "busy"),
        (.outcomeUnknown, -32015, "outcome_unknown"), (.storageFailed, -32016, "storage_failed"),
        (.tokenBurnt, -32017, "token_burnt"), (.cancelled, -32018, "cancelled"),
    ]

    @Test(arguments: codes)
    func `has the number and name of the design`(_ kind: AgentError.Kind, _ code: Int, _ name: String) {
        #expect(kind.code == code)
        #expect(kind.rawValue == name)
        #expect(kind.isStandard == (code <= -32600))
    }

    @Test func `the table has them all`() {
        #expect(Set(Self.codes.map(\.0)) == Set(AgentError.Kind.allCases))
        #expect(Set(AgentError.Kind.allCases.map(\.code)).count == AgentError.Kind.allCases.count)
    }

    @Test(arguments: AgentError.Kind.allCases)
    func `comes through JSON as it went`(_ kind: AgentError.Kind) throws {
        let error = AgentError(
            kind,
            "It \"failed\".\n",
            ["retry_after_ms": 1, "params": ["a": [nil, .number(1.5), true]]]
        )
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(error.json))
        #expect(json["data"]?["kind"]?.stringValue == kind.rawValue)
        #expect(json["code"]?.integerValue == kind.code)
        #expect(AgentError(json: json) == error)
    }

    @Test func `is read by its kind, else by its code, else as an internal error`() {
        let newer: JSONValue = ["code": -32999, "message": "New.", "data": ["kind": "brand_new"]]
        #expect(AgentError(json: newer) == AgentError(.internalError, "New."))
        #expect(AgentError(json: ["code": -32601, "message": "No."]).kind == .methodNotFound)
        #expect(AgentError(json: ["code": -32603, "data": ["kind": "locked"]]).kind == .locked)
        #expect(AgentError(json: "nonsense") == AgentError(.internalError, "the agent gave no reason"))
    }
}
