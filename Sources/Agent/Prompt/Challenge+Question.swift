internal import JetonAPI
internal import MatrixClient

/// A challenge as the user sees it, wherever that is.
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

/// The same facts at the prompt.
extension PromptQuestion {
    init(
        _ kind: Kind,
        _ consent: PendingConsent,
        isRepeated: Bool? = nil,
        terminal: CallerTerminal?,
        deadlineMs: Int
    ) {
        self.init(
            kind,
            account: consent.account,
            homeserver: consent.homeserver,
            purpose: consent.purpose,
            destination: consent.destination,
            device: consent.device,
            requester: consent.requester,
            isRepeated: isRepeated,
            terminal: terminal,
            deadlineMs: deadlineMs
        )
    }
}
