internal import JetonAPI
internal import Logging
internal import Synchronization

/// What keeps the agent from minting for now. The screen's lock is not ours: it is told to us, and asked anew at each
/// start.
final class Locks: Sendable {
    private enum Screen { case notFollowed, asked, open, locked }

    private struct State {
        var screen = Screen.notFollowed
        var told: [Lock] = []
        /// Those who wait for the first word on the screen.
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastNumber = 0
    }

    private let state = Mutex(State())
    private let followsScreen: @Sendable () -> Bool
    private let events: EventHub
    private let logger: Logger

    /// - Parameters:
    ///   - followsScreen: whether the user wants the screen's lock to count, now.
    ///   - events: where changes are published.
    ///   - logger: where they are written down.
    init(followsScreen: @escaping @Sendable () -> Bool, events: EventHub, logger: Logger) {
        self.followsScreen = followsScreen
        self.events = events
        self.logger = logger
    }

    var now: [Lock] {
        let screen = state.withLock(\.screen)
        return screen == .locked && followsScreen() ? [.screen] : []
    }

    /// - Throws: `locked`; `cancelled` where the caller has gone.
    func requireNone() async throws(AgentError) {
        await screenIsKnown()
        if Task.isCancelled { throw .withdrawn }
        let now = now
        guard now.isEmpty else { throw .locked(by: now) }
    }

    /// From now on the screen's state has been asked for, and whoever wants to mint waits for it.
    func expectScreen() { state.withLock { $0.screen = .asked } }

    func noteScreen(isLocked: Bool) {
        let waiting = state.withLock { state in
            state.screen = isLocked ? .locked : .open
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        tell()
        for one in waiting { one.resume() }
    }

    /// Tells what has changed: call it too when the user has other wishes.
    func tell() {
        let now = now
        let hasChanged = state.withLock { state in
            defer { state.told = now }
            return state.told != now
        }
        guard hasChanged else { return }
        if now.isEmpty {
            logger.notice("the agent is no longer locked", metadata: ["event": "agent.unlocked"])
            events.publish(AgentUnlocked())
        } else {
            let names = now.map(\.rawValue).joined(separator: ", ")
            logger.notice("the agent is locked", metadata: ["event": "agent.locked", "locked_by": "\(names)"])
            events.publish(AgentLocked(lockedBy: now))
        }
    }

    /// How many wait for the first word on the screen.
    var waitingCount: Int { state.withLock(\.waiting.count) }

    private func screenIsKnown() async {
        guard followsScreen() else { return }
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let needsNoWait = state.withLock { state in
                    guard state.screen == .asked, !Task.isCancelled else { return true }
                    state.waiting[number] = continuation
                    return false
                }
                if needsNoWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
    }
}

extension Agent {
    /// From now on minting waits for `noteScreen`, which must come soon. Without this call there is no screen to wait for.
    public func expectScreen() { locks.expectScreen() }

    /// Whether the user's screen is locked.
    public func noteScreen(isLocked: Bool) { locks.noteScreen(isLocked: isLocked) }
}

extension AgentError {
    static func locked(by locks: [Lock]) -> AgentError {
        let sentences = locks.map { lock in
            switch lock {
            case .user: "You have locked the agent: unlock it."
            case .screen:
                """
                The agent is locked with your screen: unlock your screen. If it is not locked, the program that \
                unlocked it has told nobody: run `loginctl unlock-session`.
                """
            }
        }
        return AgentError(.locked, sentences.joined(separator: " "))
    }
}
