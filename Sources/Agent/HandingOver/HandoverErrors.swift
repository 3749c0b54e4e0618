internal import JetonAPI

/// Why a client was not signed in.
extension AgentError {
    static func otherHomeserver(_ homeserver: String, than known: [String]) -> AgentError {
        // No advice to sign in there: it may be somebody's trap.
        let problem = "sso_url is of \(homeserver.prefix(128)), and the accounts here are at"
        return .invalidParams("\(problem) \(known.joined(separator: ", "))", field: "sso_url")
    }

    static func noProgram(for scheme: String) -> AgentError {
        let detail = """
            The client waits for the address \(scheme.prefix(32)):… to be opened, and whoever opens it shows the login \
            token to all programs of this machine, in the arguments of the one that it starts
            """
        let way = "Sign in there in a browser, or by a login token if it takes one: `jeton token`."
        return AgentError(.forbidden, "\(detail). \(way)", ["detail": .string(detail)])
    }

    static func notOurListener(at redirect: LoopbackRedirect, isTaken: Bool) -> AgentError {
        let detail =
            isTaken
            ? "What listens at \(redirect) belongs to another user of this machine"
            : "Nobody listens at \(redirect), where the client should wait"
        return AgentError(.forbidden, "\(detail): no login token goes there.", ["detail": .string(detail)])
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
            (name, cause) = ("undelivered", "What listens at \(redirect) is no longer the user's, so it went nowhere")
        }
        return AgentError(
            .outcomeUnknown,
            "A login token was minted for the client. \(cause). Unless it was used, it is live until \(token.expiresAt).",
            [
                "may_exist_until": .string(token.expiresAt.description), "estimated": false,
                "delivery": .string(name), "token_id": .string(token.tokenId),
            ]
        )
    }
}
