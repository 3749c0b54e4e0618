internal import JetonAPI
internal import Logging

/// What the journal keeps of requests that came to nothing: who asked, for which account, and why there is no token.
extension PatientMinter {
    /// - Parameters:
    ///   - failure: what came of it.
    ///   - account: which one it was about, as far as that is known.
    ///   - requester: who asked.
    ///   - destination: to whom it was to go, if not to the requester.
    func record(
        _ failure: AgentError,
        of account: String?,
        _ requester: Requester,
        _ destination: Destination?
    ) {
        guard let event = Self.event(of: failure) else { return }
        var about: Logger.Metadata = ["event": "\(event)", "reason": "\(failure.kind.rawValue)"]
        if let account { about["account"] = "\(account)" }
        if let destination {
            about["destination"] = "\(destination.address)\(destination.port.map { " port \($0)" } ?? "")"
        }
        for name in ["scope", "limit", "may_exist_until"] {
            if let value = failure.data[name]?.stringValue { about[name] = "\(value)" }
        }
        logger.notice("no login token was handed out", metadata: about.merging(requester.metadata) { own, _ in own })
    }

    private static func event(of failure: AgentError) -> String? {
        switch failure.kind {
        case .rateLimited: "rate_limit.hit"
        case .consentDenied, .consentTimeout, .promptUnavailable, .forbidden, .locked: "login_token.denied"
        // Without an error it is a question, and nobody has said no yet.
        case .authRequired: failure.data["error"] == nil ? nil : "login_token.denied"
        case .outcomeUnknown: "login_token.unknown"
        default: nil
        }
    }
}
