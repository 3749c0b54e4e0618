/// What a method answers when it cannot do what was asked: a kind for programs, a sentence for people, facts in `data`.
public struct AgentError: Error, Sendable, Equatable {
    /// The kinds of errors; the raw value is `data.kind` on the socket.
    public enum Kind: String, Sendable, CaseIterable {
        case parseError = "parse_error"
        case invalidRequest = "invalid_request"
        case methodNotFound = "method_not_found"
        case invalidParams = "invalid_params"
        case internalError = "internal_error"
        case authRequired = "auth_required"
        case rateLimited = "rate_limited"
        case notLoggedIn = "not_logged_in"
        case sessionExpired = "session_expired"
        case unsupportedByHomeserver = "unsupported_by_homeserver"
        case homeserverError = "homeserver_error"
        case homeserverUnreachable = "homeserver_unreachable"
        case consentRequired = "consent_required"
        case consentDenied = "consent_denied"
        case consentTimeout = "consent_timeout"
        case promptUnavailable = "prompt_unavailable"
        case locked
        case forbidden
        case busy
        case outcomeUnknown = "outcome_unknown"
        case storageFailed = "storage_failed"
        case tokenBurnt = "token_burnt"
        case cancelled

        /// The error's number: the standard's own (JSON-RPC 2.0, section 5.1), ours from −32001 down.
        public var code: Int {
            switch self {
            case .parseError: -32700
            case .invalidRequest: -32600
            case .methodNotFound: -32601
            case .invalidParams: -32602
            case .internalError: -32603
            case .authRequired: -32001
            case .rateLimited: -32002
            case .notLoggedIn: -32003
            case .sessionExpired: -32004
            case .unsupportedByHomeserver: -32005
            case .homeserverError: -32006
            case .homeserverUnreachable: -32007
            case .consentRequired: -32008
            case .consentDenied: -32009
            case .consentTimeout: -32010
            case .promptUnavailable: -32011
            case .locked: -32012
            case .forbidden: -32013
            case .busy: -32014
            case .outcomeUnknown: -32015
            case .storageFailed: -32016
            case .tokenBurnt: -32017
            case .cancelled: -32018
            }
        }

        /// Whether JSON-RPC itself defines it: any method may answer with it.
        var isStandard: Bool { code <= -32600 }
    }

    public var kind: Kind
    public var message: String
    public var data: [String: JSONValue]

    public init(_ kind: Kind, _ message: String, _ data: [String: JSONValue] = [:]) {
        self.kind = kind
        self.message = message
        self.data = data
    }
}

/// The errors that the protocol itself defines.
extension AgentError {
    public static func parseError(_ reason: String) -> AgentError {
        AgentError(.parseError, "This is not JSON: \(reason).", ["detail": .string(reason)])
    }

    public static func invalidRequest(_ reason: String) -> AgentError {
        AgentError(.invalidRequest, "This is no JSON-RPC 2.0 request: \(reason).", ["detail": .string(reason)])
    }

    static func methodNotFound(_ name: String, known: [String]) -> AgentError {
        // Where that may not be asked, it is no help.
        let list = known.contains(Discover.name) ? "rpc.discover lists them" : "known: \(known.joined(separator: ", "))"
        return AgentError(
            .methodNotFound,
            "There is no method \"\(name.prefix(64))\"; \(list).",
            ["methods": .array(known.map { .string($0) })]
        )
    }

    public static func invalidParams(_ reason: String, field: String? = nil) -> AgentError {
        let data: [String: JSONValue] = field.map { ["field": .string($0)] } ?? [:]
        return AgentError(.invalidParams, "\(reason).", data)
    }

    public static func internalError(_ reason: String) -> AgentError {
        AgentError(.internalError, "The agent failed: \(reason). Please report this.", [:])
    }
}
