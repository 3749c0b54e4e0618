internal import JetonAPI
internal import Logging

/// Answering the questions that wait for the user from elsewhere, another terminal for instance.
extension Agent {
    /// Oldest first.
    func pendingConsents() async -> [PendingConsent] {
        let ofCallers = await minter.questionsOfCallers() + devices.questionsOfCallers()
        return (consents.all + ofCallers).sorted { $0.requestedAt < $1.requestedAt }
    }

    func approve(_ request: ApproveConsent, by approver: Requester) async throws(AgentError) {
        if let question = consents.find(request.consentId), question.consent.wants == .unlock {
            guard request.auth == nil else {
                throw .invalidParams("this question wants a yes, and no auth", field: "auth")
            }
            guard !approver.isKin(of: question.requester) else { throw .ownApproval }
            return try settle(question.consent, .agreed(nil), approver)
        }
        let account = try await questioner(of: request.consentId).approve(request, by: approver)
        record("the user has agreed from elsewhere", "consent.granted", account, approver)
    }

    func deny(_ request: DenyConsent, by denier: Requester) async throws(AgentError) {
        if let question = consents.find(request.consentId), question.consent.wants == .unlock {
            return try settle(question.consent, .denied, denier)
        }
        let account = try await questioner(of: request.consentId).deny(request.consentId)
        record("the user has refused from elsewhere", "consent.denied", account, denier)
    }

    private func questioner(of consentId: String) async -> any Questioner {
        await devices.hasAsked(consentId) ? devices : minter
    }

    /// The question whether to unlock, which is about no account.
    private func settle(
        _ consent: PendingConsent,
        _ answer: PromptAnswer,
        _ speaker: Requester
    ) throws(AgentError) {
        guard consents.settle(consent.consentId, .success(answer)) else { throw .consentGone }
        let event = answer == .denied ? "consent.denied" : "consent.granted"
        record("the user has been asked whether to unlock, and has answered from elsewhere", event, nil, speaker)
    }

    /// The journal keeps who has spoken for the user.
    private func record(_ message: Logger.Message, _ event: String, _ account: String?, _ speaker: Requester) {
        var about: Logger.Metadata = ["event": "\(event)"]
        about["account"] = account.map { "\($0)" }
        logger.notice(message, metadata: about.merging(speaker.metadata) { own, _ in own })
    }
}
