internal import JetonAPI
internal import MatrixClient
internal import SSOCallback

/// What a log in answers when it comes to nothing.
extension AgentError {
    /// The homeserver does not sign in that way.
    static func loginNotOffered(
        _ type: String,
        offering types: [String],
        _ finding: GetLoginTokenSupport.Result,
        at homeserver: HomeserverAddress
    ) -> AgentError {
        let way = type == "m.login.sso" ? "in the browser (SSO)" : "by password"
        let offers = types.isEmpty ? "nothing" : types.joined(separator: ", ")
        let hint = types.contains("m.login.sso") ? " Sign in with `jeton login --sso`." : ""
        var data: [String: JSONValue] = ["reason": .string(finding.reason.rawValue)]
        data["account_management_url"] = finding.accountManagementUrl.map { .string($0) }
        let sentence = "\(homeserver) has no sign-in \(way) (it offers \(offers)).\(hint)"
        return AgentError(.unsupportedByHomeserver, sentence, data)
    }

    static func unknownIdentityProvider(_ id: String, known: [MatrixClient.IdentityProvider]) -> AgentError {
        let names = known.map { "\($0.id) (\($0.name))" }.joined(separator: ", ")
        var error = invalidParams("idp \"\(id.prefix(64))\" is not offered; these are: \(names)", field: "idp")
        error.data["candidates"] = .array(known.map { .string($0.id) })
        return error
    }

    /// A redemption that failed. Homeservers burn a token before they look at limits and locks, so trying again would
    /// only meet a token that is used up.
    static func tokenBurnt(_ error: MatrixError, at homeserver: HomeserverAddress) -> AgentError {
        let cause = AgentError(error, at: homeserver)
        let advice = "The login token may be used up now; have a new one minted."
        return AgentError(.tokenBurnt, "\(cause.message) \(advice)", cause.data)
    }

    static let ssoLoginGone = invalidParams(
        "login_id is not known, or has come to its end; begin anew with account.login_sso",
        field: "login_id"
    )

    static let ssoLoginTimedOut = AgentError(
        .consentTimeout,
        "The browser did not come back in time; begin anew.",
        ["detail": "the browser did not come back in time"]
    )

    init(_ problem: CallbackAddress.Problem, awaiting address: CallbackAddress) {
        let sentence =
            switch problem {
            case .noAddress:
                "callback_url must be the whole address that the browser came to, http://… and all; "
                    + "a login token alone goes to account.login as login_token"
            case .elsewhere: "callback_url is not the address of this login, which begins with \(address)"
            case .noToken: "callback_url has no loginToken, or several; copy all of the address"
            }
        self = .invalidParams(sentence, field: "callback_url")
    }
}
