internal import JetonAPI
internal import RPCClient

/// A yes to a question that waits elsewhere: the user sees who asks for what, and answers here.
struct Approval {
    let agent: RPCClient
    let readsPassword: Bool
    let opensBrowser: Bool

    static var withoutTerminal: Failure {
        Failure(.noPrompt, "there is no terminal to ask you on; over SSH, use `ssh -t`")
    }

    mutating func run(_ consent: PendingConsent) throws {
        for line in Self.lines(of: consent) { Output.complain(line) }
        if consent.wants != .auth {
            guard let terminal = Terminal() else { throw Self.withoutTerminal }
            guard terminal.confirm("Do you agree?") else { throw Failure(.denied, "you did not agree") }
        }
        var stages = StageAnswers(
            account: consent.account ?? "",
            readsPassword: readsPassword,
            opensBrowser: opensBrowser,
            undone: "nothing was approved"
        )
        var request = ApproveConsent(consentId: consent.consentId)
        while true {
            do {
                _ = try agent.call(request)
                return
            } catch {
                guard case .refused(let refusal) = error, refusal.kind == .authRequired else {
                    throw Failure(goneQuestion: error) ?? error
                }
                request.auth = try stages.answer(refusal)
            }
        }
    }

    /// The words are ours, and the facts those of the agent's own prompt.
    private static func lines(of consent: PendingConsent) -> [String] {
        let facts = QuestionFacts(
            account: consent.account,
            homeserver: consent.homeserver,
            device: consent.device,
            destination: consent.destination,
            requester: consent.requester,
            purpose: consent.purpose
        )
        return [introduction(to: consent)] + facts.lines.map { "  \($0)" }
    }

    private static func introduction(to consent: PendingConsent) -> String {
        if consent.destination != nil { return "A program on this machine wants to be signed in as you:" }
        if consent.device != nil {
            return "A program asks to sign a device of yours out: whoever has it can no longer act as you."
        }
        return consent.wants == .unlock
            ? "A program asks to unlock the agent, which mints login tokens again then."
            : "A program asks for a login token. Whoever has it signs in as you, once."
    }
}
