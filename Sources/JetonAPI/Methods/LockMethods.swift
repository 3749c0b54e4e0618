public struct LockAgent: Method, Equatable {
    public static let name = "agent.lock"
    public static let summary = """
        Locks the agent: nothing is minted any more, questions that wait for the user are withdrawn, and a restart \
        changes nothing about it.
        """
    public static let errors: [AgentError.Kind] = [.storageFailed]
    public static var example: MethodExample<LockAgent> { .init(LockAgent(), gives: Nothing()) }

    public typealias Result = Nothing

    public init() {}
}

public struct UnlockAgent: Method, Equatable {
    public static let name = "agent.unlock"
    public static let summary = """
        Ends what agent.lock began, once the user has agreed: at the agent's own prompt, or by consent.approve. Where \
        the agent is not locked so, nobody is asked.
        """
    public static let errors: [AgentError.Kind] = [
        .consentDenied, .consentTimeout, .promptUnavailable, .locked, .forbidden, .busy, .storageFailed, .cancelled,
    ]
    public static var example: MethodExample<UnlockAgent> { .init(UnlockAgent(), gives: Nothing()) }

    public typealias Result = Nothing

    public var terminal: CallerTerminal?
    public init(terminal: CallerTerminal? = nil) { self.terminal = terminal }
}
