internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct LockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lock",
        abstract: "Locks the agent: no login tokens until you unlock it, whatever restarts meanwhile."
    )

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let result = try shared.connect().call(LockAgent())
        guard !shared.json else { return Output.say(json: result) }
        Output.say("Locked.")
    }
}

struct UnlockCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unlock",
        abstract: "Unlocks the agent, once you have agreed at its own prompt.",
        discussion: """
            Where the agent can have no prompt, as on a server without display and pinentry, run `jeton approve` in \
            another log-in session first: it asks you then.
            """
    )

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let agent = try shared.connect()
        let result = try agent.call(UnlockAgent(terminal: Terminal.own))
        guard !shared.json else { return Output.say(json: result) }
        let others = try agent.call(GetAgentStatus()).lockedBy
        Output.say(others.contains(.screen) ? "Unlocked; it is locked with your screen still." : "Unlocked.")
    }
}
