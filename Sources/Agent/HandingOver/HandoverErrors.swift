internal import JetonAPI

/// Why a client was not signed in.
extension AgentError {
    static func otherHomeserver(_ homeserver: String, than known: [String]) -> AgentError {
        // No advice to sign in there: it may be somebody's trap.
        let problem = "sso_url is of \(homeserver.prefix(128)), and the accounts here are at"
        return .invalidParams("\(problem) \(known.joined(separator: ", "))", field: "sso_url")
    }

    /// - Parameters:
    ///   - redirect: what the client waits for.
    ///   - reason: why it is not opened: a sentence without its full stop.
    ///   - ssoUrl: what a browser may open instead.
    /// - Returns: the error.
    static func notOpened(_ redirect: ProgramRedirect, _ reason: String, _ ssoUrl: String) -> AgentError {
        let detail = "The client waits for an address \(redirect.scheme.prefix(64)):… to be opened, and \(reason)"
        let way = "Sign in there in a browser, or by a login token if it takes one: `jeton token`."
        let data: [String: JSONValue] = ["detail": .string(detail), "open_url": .string(ssoUrl)]
        return AgentError(.forbidden, "\(detail): no login token goes there. \(way)", data)
    }

    /// A token was minted, and the desktop has not opened it.
    static func unopened(
        _ answer: DesktopAnswer,
        _ token: GenerateLoginToken.Result,
        to redirect: ProgramRedirect
    ) -> AgentError {
        let cause =
            switch answer {
            case .cancelled: "You have closed the desktop's question what to open it with, so it went nowhere"
            case .failed(let reason): "The desktop has not opened \(redirect.scheme.prefix(64)):… with it: \(reason)"
            case .done, .application: "The desktop answers what it was not asked"
            }
        return undelivered(answer == .cancelled ? "undelivered" : "unanswered", cause, token)
    }

    /// What is in the place of a listener of the user's.
    enum ListenerProblem: String { case missing, foreign, replaced }

    static func notOurListener(at redirect: LoopbackRedirect, _ problem: ListenerProblem) -> AgentError {
        let detail =
            switch problem {
            case .missing: "Nobody listens at \(redirect), where the client should wait"
            case .foreign: "What listens at \(redirect) belongs to another user of this machine"
            case .replaced: "What listens at \(redirect) is another program than the one you were asked about"
            }
        let data: [String: JSONValue] = ["detail": .string(detail), "listener": .string(problem.rawValue)]
        return AgentError(.forbidden, "\(detail): no login token goes there.", data)
    }

    /// A token was minted, and the client has not confirmed that it has it.
    static func undelivered(
        _ delivery: Loopback.Delivery,
        _ token: GenerateLoginToken.Result,
        to redirect: LoopbackRedirect
    ) -> AgentError {
        let (name, cause): (String, String)
        switch delivery {
        case .answered(let status):
            (name, cause) = ("refused", "What listens at \(redirect) has it, and answered with status \(status)")
        case .unanswered: (name, cause) = ("unanswered", "It was sent to \(redirect), where nobody answered")
        case .unreachable:
            (name, cause) = ("undelivered", "Nobody takes connections at \(redirect), so it went nowhere")
        case .withheld:
            (name, cause) = (
                "undelivered", "What listens at \(redirect) is not what you were asked about, so it went nowhere"
            )
        case .abandoned:
            (name, cause) = ("undelivered", "Whoever asked for it went away before it was sent, so it went nowhere")
        }
        return undelivered(name, cause, token)
    }

    private static func undelivered(
        _ name: String,
        _ cause: String,
        _ token: GenerateLoginToken.Result
    ) -> AgentError {
        AgentError(
            .outcomeUnknown,
            "A login token was minted for the client. \(cause). Unless it was used, it is live until \(token.expiresAt).",
            [
                "may_exist_until": .string(token.expiresAt.description), "estimated": false,
                "delivery": .string(name), "token_id": .string(token.tokenId),
            ]
        )
    }
}
