internal import JetonAPI
internal import MatrixClient

/// What of the homeserver's question the agent's own prompt can put to the user.
extension UIAChallenge {
    /// A way through that a prompt can ask for.
    private var askableFlow: [String]? {
        progress.openFlows.first { Set($0).isSubset(of: ["m.login.password", "m.login.dummy"]) }
    }

    var isForPrompts: Bool { askableFlow != nil }

    /// Whether the last answer was a wrong one.
    var isRepeated: Bool { errcode != nil || error != nil }

    /// - Parameter way: the end of the sentence where there is none, who could ask for more than a prompt.
    /// - Returns: the stage to answer, and what is asked for it; nil where another stage asks the user.
    /// - Throws: `prompt_unavailable`.
    func stageAtPrompt(orElse way: String) throws(AgentError) -> (String, PromptQuestion.Kind?) {
        guard let flow = askableFlow, let stage = progress.left(in: flow).first else {
            throw .promptCannotAsk(for: Set(flows.joined()).sorted().joined(separator: ", "), orElse: way)
        }
        if stage == "m.login.password" { return (stage, .password) }
        return (stage, verifiesUser ? nil : .confirm)
    }

    /// - Throws: `homeserver_error`, where a stage is asked for again that nobody can do better.
    func requireProgress(of stage: String, at homeserver: HomeserverAddress) throws(AgentError) {
        guard stage != "m.login.password", isRepeated else { return }
        throw .uiaDeadEnd("does not count \(stage) as done, which needs no answer", at: homeserver)
    }
}
