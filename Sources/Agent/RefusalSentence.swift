internal import FoundationEssentials
internal import JetonAPI
internal import MatrixClient

extension AgentError {
    /// A homeserver's refusal, with what the user can do about it.
    static func refused(_ refusal: MatrixError.Refusal, at homeserver: HomeserverAddress) -> AgentError {
        var data: [String: JSONValue] = ["http_status": .integer(refusal.status)]
        data["errcode"] = refusal.errcode.map { .string($0) }
        data["error"] = refusal.error.map { .string($0) }
        data["admin_contact"] = refusal.adminContact.map { .string($0) }
        data["consent_uri"] = refusal.consentUri.map { .string($0) }
        return AgentError(.homeserverError, refusal.sentence(at: homeserver), data)
    }
}

extension MatrixError.Refusal {
    /// What happened and what to do, with the homeserver's own words last.
    fileprivate func sentence(at homeserver: HomeserverAddress) -> String {
        let advice =
            if isLocked {
                "has locked the account; its administrator can unlock it, and the session then goes on"
            } else if isSuspended {
                "has suspended the account; its moderators can lift that"
            } else if isDeactivated {
                "knows the account as deactivated, which is for good"
            } else if exceedsResources {
                "has reached a limit of its own; its administrator can raise it" + contact
            } else if wantsTerms {
                "wants its terms to be agreed to" + (page.map { "; do so at \($0), then try again" } ?? " first")
            } else if missesToken {
                "got no access token; a proxy in between seems to remove the Authorization header"
            } else if endsSession {
                softLogout
                    ? "says that the access token has expired" : "does not know the access token, or not any more"
            } else if errcode == "M_UNRECOGNIZED" {
                "does not know this request; its software is too old for it, or has it switched off"
            } else if status >= 500 {
                "is out of order (status \(status)); try again later"
            } else {
                "refused"
            }
        guard let words = words(unlessSaid: advice) else { return "\(homeserver) \(advice)." }
        return "\(homeserver) \(advice): \(words)."
    }

    private func words(unlessSaid advice: String) -> String? {
        let words = error ?? errcode ?? (advice == "refused" ? "status \(status)" : nil)
        return words.map { String($0.reversed().drop { ".\n ".contains($0) }.reversed()) }
    }

    private var contact: String { adminContact.map { " (\($0))" } ?? "" }

    /// Only what a browser may open.
    private var page: String? {
        consentUri.flatMap { ["https", "http"].contains(URL(string: $0)?.scheme?.lowercased()) ? $0 : nil }
    }
}
