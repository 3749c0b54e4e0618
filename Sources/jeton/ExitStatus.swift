internal import JetonAPI

/// How the command ends: scripts decide by this number.
enum ExitStatus: Int32 {
    case ok = 0
    case failed = 1
    case agentUnreachable = 2
    case locked = 3
    case denied = 4
    case rateLimited = 5
    case logInAgain = 6
    case unsupported = 7
    case noPrompt = 8
    case usage = 64
    case timedOut = 124

    init(_ kind: AgentError.Kind) {
        self =
            switch kind {
            case .locked: .locked
            case .consentDenied, .forbidden: .denied
            case .consentTimeout: .timedOut
            case .rateLimited: .rateLimited
            case .notLoggedIn, .sessionExpired: .logInAgain
            case .unsupportedByHomeserver: .unsupported
            case .promptUnavailable, .authRequired, .consentRequired: .noPrompt
            case .invalidRequest, .invalidParams, .methodNotFound: .usage
            case .parseError, .internalError, .homeserverError, .homeserverUnreachable, .busy,
                .outcomeUnknown, .storageFailed, .tokenBurnt, .cancelled:
                .failed
            }
    }
}
