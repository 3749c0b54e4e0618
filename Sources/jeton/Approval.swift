internal import JetonAPI
internal import RPCClient

/// A yes to a question that waits elsewhere: the user sees who asks for what, and answers here.
struct Approval {
    let agent: RPCClient
    let readsPassword: Bool
    let opensBrowser: Bool

    mutating func run(_ consent: PendingConsent) throws {
        for line in Self.lines(of: consent) { Output.complain(line) }
        if consent.wants != .auth {
            guard let terminal = Terminal() else {
                throw Failure(.noPrompt, "there is no terminal to ask you on; over SSH, use `ssh -t`")
            }
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
                guard case .refused(let refusal) = error, refusal.kind == .authRequired else { throw error }
                request.auth = try stages.answer(refusal)
            }
        }
    }

    /// What the agent's own prompt would say.
    private static func lines(of consent: PendingConsent) -> [String] {
        var lines = [
            consent.wants == .unlock
                ? "A program asks to unlock the agent, which mints login tokens again then."
                : "A program asks for a login token. Whoever has it signs in as you, once."
        ]
        if let account = consent.account { lines.append("  Account:    \(Output.plain(account))") }
        if let homeserver = consent.homeserver { lines.append("  Homeserver: \(Output.plain(homeserver))") }
        if let destination = consent.destination {
            lines[0] = "A program on this machine wants to be signed in as you:"
            lines.append("  Goes to:    \(Output.plain(destination.words))")
        }
        if let purpose = consent.purpose { lines.append("  For, in its own words: \"\(Output.plain(purpose))\"") }
        guard let requester = consent.requester else {
            return lines + ["  Who asks cannot be known: it came over the restricted socket."]
        }
        let unit = requester.unit.map { ", unit \(Output.plain($0))" } ?? ""
        return lines + ["  Asked by:   \(Output.plain(requester.lineage))\(unit)"]
    }
}
