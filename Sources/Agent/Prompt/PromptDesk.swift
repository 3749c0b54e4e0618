internal import JetonAPI
internal import Synchronization

/// Puts one question at a time to the user, in the order of arrival. Those that are withdrawn meanwhile are never shown.
final class PromptDesk: Sendable {
    private let prompter: Prompter
    private let gap: Duration
    private let pause: Pause
    private let stop: Stop
    /// After one that could not be shown: so often that nobody waits for it, and so seldom that systemd does not close
    /// the prompt's socket for good (TriggerLimitBurst= in jeton-prompt.socket).
    private static let briefGap = Duration.milliseconds(50)
    /// What has stood that long may have been seen, and been answered as it vanished.
    private static let glance = Duration.milliseconds(200)
    private let line: WaitingLine
    private let state = Mutex(State())

    private struct State {
        var count = 0
        /// Before that nothing is shown.
        var earliest: ContinuousClock.Instant?
    }

    /// One is shown, the others wait; more are nobody's waiting.
    static let maximum = 9
    /// A little longer than those before can take: who has lost patience by then is told so.
    private static let patience = Duration.seconds(600)

    /// - Parameters:
    ///   - prompter: the way to the user.
    ///   - gap: between one question and the next. A click or an Enter that was meant for the one that has just gone
    ///     must not answer the next.
    ///   - pause: how a moment is waited for.
    ///   - stop: from when on nobody is asked any more.
    init(
        _ prompter: Prompter,
        gap: Duration = .milliseconds(1500),
        pause: @escaping Pause,
        stop: Stop = Stop()
    ) {
        self.prompter = prompter
        self.gap = gap
        self.pause = pause
        self.stop = stop
        line = WaitingLine(pause: pause)
    }

    var obstacle: String? { prompter.obstacle() }

    /// - Parameter question: looks again, when its turn has come, whether there is any use in asking, and says what is
    ///   asked by then.
    /// - Returns: what the user said.
    /// - Throws: what `question` throws; `busy`; `cancelled` where the task was, or the agent stops.
    func ask(
        _ question: @Sendable () async throws(AgentError) -> PromptQuestion
    ) async throws(AgentError) -> PromptAnswer {
        guard enter() else { throw .tooManyPrompts }
        defer { leave() }
        guard await stop.cutsShort({ [line] in await line.enter("", within: Self.patience) }) == true else {
            try stop.check()
            return .timedOut
        }
        defer { line.leave("") }
        if let earliest = state.withLock(\.earliest) {
            _ = await stop.cutsShort { [pause] in try? await pause(ContinuousClock.now.duration(to: earliest)) }
        }
        try stop.check()
        let question = try await question()
        let outcome = await stop.cutsShort { [prompter] in
            let asked = ContinuousClock.now
            let answer = await prompter.ask(question)
            return (answer, wasSeen: Task.isCancelled || asked.duration(to: .now) > Self.glance)
        }
        guard let (answer, wasSeen) = outcome else { throw .stopping }
        let rest = if case .unavailable = answer, !wasSeen { Self.briefGap } else { gap }
        state.withLock { $0.earliest = .now.advanced(by: rest) }
        try stop.check()
        return answer
    }

    private func enter() -> Bool {
        state.withLock { state in
            guard state.count < Self.maximum else { return false }
            state.count += 1
            return true
        }
    }

    private func leave() { state.withLock { $0.count -= 1 } }
}
