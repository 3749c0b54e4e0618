internal import JetonAPI
internal import Logging

/// What the journal keeps of requests that came to nothing: who asked, for which account, and why there is no token.
extension PatientMinter {
    func record(_ failure: AgentError, _ request: Request, _ requester: Requester, _ socket: Caller.Socket) async {
        guard let event = Self.event(of: failure) else { return }
        var about: Logger.Metadata = ["event": "\(event)", "reason": "\(failure.kind.rawValue)"]
        let account = (try? await minter.account(for: request, over: socket)) ?? request.account
        if let account { about["account"] = "\(account)" }
        for name in ["scope", "limit"] {
            if let value = failure.data[name]?.stringValue { about[name] = "\(value)" }
        }
        logger.notice("no login token was minted", metadata: about.merging(requester.metadata) { own, _ in own })
    }

    private static func event(of failure: AgentError) -> String? {
        switch failure.kind {
        case .rateLimited: "rate_limit.hit"
        case .consentDenied, .consentTimeout, .promptUnavailable, .forbidden, .locked: "login_token.denied"
        // Without an error it is a question, and nobody has said no yet.
        case .authRequired: failure.data["error"] == nil ? nil : "login_token.denied"
        default: nil
        }
    }
}
