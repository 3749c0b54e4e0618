public import JetonAPI

/// The way to the user: each question is a connection of its own to the socket of jeton-prompt, and ends with it.
public struct PromptSocket: Sendable {
    private let program: ActivatedProgram

    public init(_ program: ActivatedProgram) { self.program = program }

    /// The prompt ends a question by itself at its deadline; one that does not is given up a little later.
    private static let grace = Duration.seconds(5)

    /// Asks, and waits for the answer. A task that is cancelled withdraws its question.
    public func ask(_ question: PromptQuestion) async -> PromptAnswer {
        let start = ContinuousClock.now
        do throws(ActivatedProgram.NoAnswer) {
            return try await program.ask(
                question,
                for: PromptAnswer.self,
                maximumBytes: PromptAnswer.maximumBytes,
                within: .milliseconds(question.deadlineMs) + Self.grace
            )
        } catch {
            if case .unreachable(let problem) = error { return .unavailable(problem) }
            // Whatever has ended it: the question had its time.
            if start.duration(to: .now) >= .milliseconds(question.deadlineMs) { return .timedOut }
            return .unavailable(
                "jeton-prompt has ended without an answer; `journalctl --user --unit 'jeton-prompt@*'` may say why"
            )
        }
    }
}
