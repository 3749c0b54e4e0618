internal import JetonAPI
internal import Logging

/// Answering the questions that wait for the user from elsewhere, another terminal for instance.
extension Agent {
    /// Oldest first.
    func pendingConsents() async -> [PendingConsent] {
        (consents.all + (await minter.questionsOfCallers())).sorted { $0.requestedAt < $1.requestedAt }
    }

    func approve(_ request: ApproveConsent, by approver: Requester) async throws(AgentError) {
        let account = try await minter.approve(request, by: approver)
        record("the user has agreed from elsewhere", "consent.granted", account, approver)
    }

    func deny(_ request: DenyConsent, by denier: Requester) async throws(AgentError) {
        let account = try await minter.deny(request.consentId)
        record("the user has refused from elsewhere", "consent.denied", account, denier)
    }

    /// The journal keeps who has spoken for the user.
    private func record(_ message: Logger.Message, _ event: String, _ account: String, _ speaker: Requester) {
        let about: Logger.Metadata = ["event": "\(event)", "account": "\(account)"]
        logger.notice(message, metadata: about.merging(speaker.metadata) { own, _ in own })
    }
}
