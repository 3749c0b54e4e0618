internal import FoundationEssentials
internal import JetonAPI
internal import MatrixClient

/// What a minting answers when it cannot, or cannot yet, deliver.
extension AgentError {
    /// - Parameters:
    ///   - challenge: what is open for the answer.
    ///   - uia: what the homeserver wants.
    ///   - homeserver: where.
    ///   - attemptsLeft: how many more passwords may be wrong; told where one is wanted.
    /// - Returns: the error.
    static func authRequired(
        _ challenge: Challenge,
        _ uia: UIAChallenge,
        at homeserver: HomeserverAddress,
        attemptsLeft: Int? = nil
    ) -> AgentError {
        var data: [String: JSONValue] = [
            "challenge": .string(challenge.id), "expires_at": .string(challenge.expiresAt.description),
            "flows": .array(uia.flows.map { flow in ["stages": .array(flow.map { .string($0) })] }),
            "params": uia.params, "completed": .array(uia.completed.map { .string($0) }),
        ]
        if uia.isRepeated {
            data["error"] = ["errcode": .string(uia.errcode ?? ""), "error": .string(uia.error ?? "")]
        }
        let pages = uia.fallbackPages(at: homeserver)
        if !pages.isEmpty { data["fallback_urls"] = .object(pages) }
        var reason =
            uia.error.map { "The homeserver refused: \($0)." } ?? "The homeserver wants to know that it is you."
        if let attemptsLeft, uia.flows.contains(where: { $0.contains("m.login.password") }) {
            data["attempts_left"] = .integer(attemptsLeft)
            if uia.error != nil { reason += " \(tries(attemptsLeft)) left for a password." }
        }
        return AgentError(.authRequired, reason, data)
    }

    private static func tries(_ count: Int) -> String {
        switch count {
        case 0: "No try is"
        case 1: "1 try is"
        default: "\(count) tries are"
        }
    }

    static func consentRequired(_ challenge: Challenge) -> AgentError {
        AgentError(
            .consentRequired,
            "The homeserver asks for nothing, so the user must be asked; then repeat the request with consent.",
            ["challenge": .string(challenge.id), "expires_at": .string(challenge.expiresAt.description)]
        )
    }

    /// - Parameters:
    ///   - cause: what is missing and what to do, as a sentence without its full stop.
    ///   - account: whose policy could let the caller ask instead.
    /// - Returns: the error.
    static func promptUnavailable(_ cause: String, for account: String? = nil) -> AgentError {
        let way = account.map { " Or, \(trustingCallers(for: $0))." } ?? ""
        return AgentError(
            .promptUnavailable,
            "The agent must ask the user itself, and cannot: \(cause).\(elsewhere)\(way)",
            ["detail": .string(cause)]
        )
    }

    /// The way that needs no prompt at all.
    static func trustingCallers(for account: String) -> String {
        """
        where the program that asks can be trusted to ask the user, set accounts."\(account)".consent to "caller" in \
        config.json5
        """
    }

    /// There may be a prompt, and what is wanted it cannot ask for; nor could an approval from elsewhere help.
    /// - Parameters:
    ///   - stages: what the homeserver wants.
    ///   - way: the end of the sentence, who could ask for it.
    /// - Returns: the error.
    static func promptCannotAsk(for stages: String, orElse way: String) -> AgentError {
        let cause = "the homeserver wants \(stages), which the agent's prompt cannot ask for\(way)"
        return AgentError(
            .promptUnavailable,
            "The agent must ask the user itself, and cannot: \(cause).",
            ["detail": .string(cause)]
        )
    }

    /// The way that needs neither display nor pinentry.
    private static let elsewhere = " Or run `jeton approve` in another terminal, which then asks, and try again."

    private static let nothingDelivered = "no login token was handed out"

    static let consentDenied = AgentError(
        .consentDenied,
        "The user has refused: \(nothingDelivered).",
        ["detail": .string("the user has refused")]
    )

    static let consentTimeout = AgentError(
        .consentTimeout,
        "The user was asked and has not answered in time: \(nothingDelivered).",
        ["detail": .string("the user has not answered in time")]
    )

    static func promptOnly(_ account: String) -> AgentError {
        let detail = "For \(account) only the agent's own prompt counts, not what a program says"
        return AgentError(.forbidden, "\(detail): begin anew without it.", ["detail": .string(detail)])
    }

    static func unsupported(_ reason: SupportReason, at homeserver: HomeserverAddress, url: String?) -> AgentError {
        var data: [String: JSONValue] = ["reason": .string(reason.rawValue)]
        data["account_management_url"] = url.map { .string($0) }
        let sentence =
            switch reason {
            case .oauthServer:
                "signs in with OAuth 2.0, where login tokens cannot be minted"
                    + (url.map { "; new devices are signed in at \($0)" } ?? "")
            case .switchedOff:
                "has login tokens switched off; its administrator can allow them "
                    + "(Synapse: login_via_existing_session.enabled)"
            case .available, .unknownServer: "does not mint login tokens"
            }
        return AgentError(.unsupportedByHomeserver, "\(homeserver) \(sentence).", data)
    }

    /// The end of a token's life is by the homeserver's usual word, or a guess on the safe side.
    static func outcomeUnknown(_ cause: AgentError, until end: Moment) -> AgentError {
        AgentError(
            .outcomeUnknown,
            "Whether a login token was minted is not known (\(cause.message)) One that nobody has may exist until \(end).",
            cause.data.merging(["may_exist_until": .string(end.description), "estimated": true]) { $1 }
        )
    }

    /// It is known that a token was minted, and nobody gets it.
    /// - Parameters:
    ///   - reason: the end of the sentence.
    ///   - end: by the homeserver's word on the token's life.
    ///   - data: of what stood in the way.
    /// - Returns: the error.
    static func handedToNobody(_ reason: String, until end: Moment, _ data: [String: JSONValue] = [:]) -> AgentError {
        AgentError(
            .outcomeUnknown,
            "A login token was minted, and is handed to nobody: \(reason) Nobody can use it after \(end).",
            data.merging(["may_exist_until": .string(end.description), "estimated": false]) { $1 }
        )
    }

    static func uiaDeadEnd(_ problem: String, at homeserver: HomeserverAddress) -> AgentError {
        AgentError(.homeserverError, "\(homeserver) \(problem).", ["http_status": 401])
    }

    static let tooManyPrompts = AgentError(
        .busy,
        "The user has too many questions to answer already.",
        ["limit": "prompts"]
    )

    static let withdrawn = AgentError(.cancelled, "The request was cancelled.")

    static func challengeGone(_ field: String) -> AgentError {
        invalidParams("\(field) is not known or has expired; begin anew without it", field: field)
    }

    static let consentGone = invalidParams(
        "consent_id is not known; the question has been answered or withdrawn meanwhile",
        field: "consent_id"
    )

    static var ownApproval: AgentError {
        let detail = """
            The program that asks, and what belongs to its unit, login session or terminal, cannot agree in your place: \
            approve from another one, over SSH or on a text console for instance
            """
        return AgentError(.forbidden, "\(detail).", ["detail": .string(detail)])
    }

    static let challengeBound = AgentError(
        .forbidden,
        "This challenge was given for another account, purpose, device or address; begin anew without it."
    )
}
