import JetonAPI
import Synchronization

@testable import Agent

/// Who sits at the prompt.
final class Person: Sendable {
    private struct State {
        var questions: [PromptQuestion] = []
        var answer: AsyncStream<PromptAnswer>.Continuation?
    }

    private let state = Mutex(State())

    var questions: [PromptQuestion] { state.withLock(\.questions) }

    func hear(_ question: PromptQuestion) async -> PromptAnswer {
        let (answers, answer) = AsyncStream.makeStream(of: PromptAnswer.self)
        state.withLock { state in
            state.questions.append(question)
            state.answer = answer
        }
        return await answers.first { _ in true } ?? .unavailable("it was withdrawn")
    }

    /// Waits for a question, the first one of all or the next one, without answering it.
    func isAsked(_ count: Int = 1) async { while questions.count < count { await Task.yield() } }

    /// Answers a question, as soon as one stands.
    func say(_ answer: PromptAnswer) async {
        while true {
            let waiting = state.withLock { state in
                defer { state.answer = nil }
                return state.answer
            }
            if let waiting { return _ = waiting.yield(answer) }
            await Task.yield()
        }
    }
}
