public import JetonAPI

/// The way to the user, past the one who asks: by a program of its own, which shows a dialog.
public struct Prompter: Sendable {
    /// What keeps it from being asked, as far as that shows without asking: a sentence without its full stop.
    public var obstacle: @Sendable () -> String?
    /// Puts a question, and waits for what comes of it. A cancelled task withdraws it.
    public var ask: @Sendable (PromptQuestion) async -> PromptAnswer

    public init(
        obstacle: @escaping @Sendable () -> String?,
        ask: @escaping @Sendable (PromptQuestion) async -> PromptAnswer
    ) {
        self.obstacle = obstacle
        self.ask = ask
    }
}
