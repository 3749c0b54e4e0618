internal import JetonAPI
internal import MatrixClient

/// A challenge as the user sees it: the same facts at the prompt and elsewhere.
extension PromptQuestion {
    init(
        _ kind: Kind,
        _ challenge: Challenge,
        of requester: Requester,
        at homeserver: HomeserverAddress,
        isRepeated: Bool,
        terminal: CallerTerminal?,
        deadlineMs: Int
    ) {
        self.init(
            kind,
            account: challenge.account,
            homeserver: homeserver.description,
            purpose: challenge.purpose,
            destination: challenge.handover?.destination,
            device: challenge.device,
            requester: challenge.socket == .restricted ? nil : requester,
            isRepeated: kind == .password ? isRepeated : nil,
            terminal: terminal,
            deadlineMs: deadlineMs
        )
    }
}

extension PendingConsent {
    init(
        _ challenge: Challenge,
        wants: Wants,
        by prompt: GenerateLoginToken.Prompt,
        of requester: Requester,
        at homeserver: HomeserverAddress
    ) {
        self.init(
            consentId: challenge.consentId,
            wants: wants,
            prompt: prompt,
            account: challenge.account,
            homeserver: homeserver.description,
            purpose: challenge.purpose,
            destination: challenge.handover?.destination,
            device: challenge.device,
            requester: challenge.socket == .restricted ? nil : requester,
            requestedAt: challenge.openedAt
        )
    }
}
