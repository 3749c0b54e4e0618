/// What each kind of error means, and what `data` tells besides the kind: for the API's description.
extension AgentError.Kind {
    /// One sentence, as general as the kind; an error's own message says more.
    public var summary: String {
        switch self {
        case .parseError: "The line is not JSON."
        case .invalidRequest: "The line is JSON, but no JSON-RPC 2.0 request."
        case .methodNotFound: "There is no such method."
        case .invalidParams: "A param is missing, unknown or of the wrong kind."
        case .internalError: "The agent has failed where it must not."
        case .authRequired: "The homeserver wants to know that it is the user: repeat the request with auth."
        case .rateLimited: "A limit stands in the way, the agent's own or the homeserver's."
        case .notLoggedIn: "The agent holds no session of the account."
        case .sessionExpired: "The homeserver has ended the session, or locked the user: data.cause says what to do."
        case .unsupportedByHomeserver: "The homeserver does not do what it would take, or not this way."
        case .homeserverError: "The homeserver has refused, or does not answer as a homeserver does."
        case .homeserverUnreachable: "The homeserver cannot be reached."
        case .consentRequired: "The homeserver asks for nothing: ask the user, and repeat the request with consent."
        case .consentDenied: "The user has refused."
        case .consentTimeout: "The user was asked and did not answer in time."
        case .promptUnavailable: "The agent must ask the user by its own prompt, and has none."
        case .locked: "The agent is locked."
        case .forbidden: "The policy, or the socket that was used, does not allow it."
        case .busy: "Too much of something is under way, or asked for at once."
        case .outcomeUnknown: "A login token may exist, or does, and nobody has it; or a device may be signed out."
        case .storageFailed: "The agent cannot write down what it has to remember."
        case .tokenBurnt: "A sign-in by login token has failed, and the token may be used up."
        case .cancelled: "The one who asked has withdrawn the request, or the agent stops."
        }
    }

    /// The members of `data` besides `kind`, in the order in which a reader should meet them.
    public var members: [String] {
        switch self {
        case .parseError, .invalidRequest, .consentDenied, .consentTimeout, .promptUnavailable: ["detail"]
        case .forbidden: ["detail", "listener", "open_url"]
        case .methodNotFound: ["methods"]
        case .invalidParams: ["field", "candidates"]
        case .internalError, .locked, .cancelled: []
        case .authRequired:
            [
                "challenge", "flows", "params", "completed", "expires_at", "fallback_urls", "error", "attempts_left",
                "account", "destination",
            ]
        case .rateLimited: ["scope", "limit", "retry_after_ms", "challenge"]
        case .notLoggedIn: ["account"]
        case .sessionExpired: ["account", "soft", "cause"]
        case .unsupportedByHomeserver: ["reason", "account_management_url"]
        case .tokenBurnt: ["http_status", "errcode", "error"]
        case .homeserverError: ["http_status", "errcode", "error", "detail"]
        case .homeserverUnreachable: ["stage", "detail"]
        case .consentRequired: ["challenge", "expires_at", "account", "destination"]
        case .busy: ["limit"]
        case .outcomeUnknown:
            [
                "may_exist_until", "estimated", "delivery", "token_id", "stage", "http_status", "errcode", "error",
                "detail", "path",
            ]
        case .storageFailed: ["path", "detail"]
        }
    }
}
