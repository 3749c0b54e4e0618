internal import JetonAPI
internal import Synchronization

/// The agent's questions that wait for the user: each is at the prompt, and can be answered from elsewhere as well. The
/// first answer counts.
final class Consents: Sendable {
    typealias Outcome = Result<PromptAnswer, AgentError>

    /// A question, and who is behind it even where that is not told.
    struct Question: Sendable {
        let consent: PendingConsent
        let requester: Requester
    }

    private struct Waiting {
        let question: Question
        let answer: AsyncStream<Outcome>.Continuation
    }

    private let waiting = Mutex<[Waiting]>([])
    private let events: EventHub
    private let pause: Pause

    init(events: EventHub, pause: @escaping Pause) {
        self.events = events
        self.pause = pause
    }

    /// Oldest first.
    var all: [PendingConsent] { waiting.withLock { $0.map(\.question.consent) } }

    func find(_ id: String) -> Question? {
        waiting.withLock { $0.map(\.question).first { $0.consent.consentId == id } }
    }

    /// Whether somebody has said that they will answer: a question that cannot be shown then waits for them.
    var isAwaited: Bool { events.isNamed(.consentRequested) }

    /// Asks by the prompt, and takes the answer of whoever is first.
    /// - Parameters:
    ///   - question: what is asked.
    ///   - patience: how long it waits to be answered from elsewhere, where it cannot be shown.
    ///   - ask: puts it to the user by the prompt.
    /// - Returns: what the user said.
    /// - Throws: what `ask` throws; why it was withdrawn; `busy` where too many wait.
    func decide(
        _ question: Question,
        within patience: Duration,
        byPrompt ask: @escaping @Sendable () async throws(AgentError) -> PromptAnswer
    ) async throws(AgentError) -> PromptAnswer {
        let (answers, answer) = AsyncStream.makeStream(of: Outcome.self)
        guard enter(Waiting(question: question, answer: answer)) else { throw .tooManyPrompts }
        events.publish(ConsentRequested(question.consent))
        let id = question.consent.consentId
        let outcome = await withTaskGroup(of: Outcome?.self) { group in
            group.addTask {
                let outcome = await self.outcome(of: ask, within: patience)
                return self.take(id) == nil ? nil : outcome
            }
            group.addTask { await answers.first { _ in true } }
            for await outcome in group {
                guard let outcome else { continue }
                group.cancelAll()
                return outcome
            }
            return .failure(.withdrawn)
        }
        _ = take(id)
        publish(outcome, of: question.consent)
        return try outcome.get()
    }

    /// Answers a question from elsewhere.
    /// - Returns: false where it was no longer there.
    func settle(_ id: String, _ outcome: Outcome) -> Bool {
        guard let one = take(id) else { return false }
        one.answer.yield(outcome)
        return true
    }

    /// Nobody need answer any more: the questions about an account, or all.
    func withdrawAll(of account: String? = nil, _ reason: AgentError) {
        let withdrawn = waiting.withLock { waiting in
            let withdrawn = waiting.filter { account == nil || $0.question.consent.account == account }
            waiting.removeAll { account == nil || $0.question.consent.account == account }
            return withdrawn
        }
        for one in withdrawn { one.answer.yield(.failure(reason)) }
    }

    private func outcome(
        of ask: @Sendable () async throws(AgentError) -> PromptAnswer,
        within patience: Duration
    ) async -> Outcome {
        do throws(AgentError) {
            let answer = try await ask()
            guard case .unavailable = answer, isAwaited else { return .success(answer) }
        } catch {
            return .failure(error)
        }
        do {
            try await pause(patience)
            return .success(.timedOut)
        } catch {
            return .failure(.withdrawn)
        }
    }

    private func enter(_ one: Waiting) -> Bool {
        waiting.withLock { waiting in
            guard waiting.count < PromptDesk.maximum else { return false }
            waiting.append(one)
            return true
        }
    }

    /// Takes a question out: whoever has taken it answers it.
    private func take(_ id: String) -> Waiting? {
        waiting.withLock { waiting in
            waiting.firstIndex { $0.question.consent.consentId == id }.map { waiting.remove(at: $0) }
        }
    }

    private func publish(_ outcome: Outcome, of consent: PendingConsent) {
        switch outcome {
        case .success(.agreed): events.publish(ConsentGranted(consent))
        case .success(.denied): events.publish(ConsentDenied(consent, .denied))
        case .success(.timedOut): events.publish(ConsentDenied(consent, .timedOut))
        case .success(.unavailable): events.publish(ConsentDenied(consent, .unavailable))
        case .failure: events.publish(ConsentDenied(consent, .withdrawn))
        }
    }
}
