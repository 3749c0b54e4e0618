internal import JetonAPI
internal import Logging
internal import Synchronization

/// What keeps the agent from minting for now, and withdraws the questions to the user that wait. The screen's lock is not
/// ours: it is told to us, and asked anew at each start.
final class Locks: Sendable {
    private enum Screen { case notFollowed, asked, open, locked }

    private struct State {
        var screen = Screen.notFollowed
        var isLockedByUser = false
        var told: [Lock] = []
        /// Those who wait for the first word on the screen.
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var lastNumber = 0
    }

    private let state = Mutex(State())
    private let followsScreen: @Sendable () -> Bool
    private let consents: Consents
    private let events: EventHub
    private let logger: Logger

    /// - Parameters:
    ///   - followsScreen: whether the user wants the screen's lock to count, now.
    ///   - consents: the questions that wait for the user.
    ///   - events: where changes are published.
    ///   - logger: where they are written down.
    init(followsScreen: @escaping @Sendable () -> Bool, consents: Consents, events: EventHub, logger: Logger) {
        self.followsScreen = followsScreen
        self.consents = consents
        self.events = events
        self.logger = logger
    }

    var now: [Lock] {
        let (isLockedByUser, screen) = state.withLock { ($0.isLockedByUser, $0.screen) }
        return (isLockedByUser ? [.user] : []) + (screen == .locked && followsScreen() ? [.screen] : [])
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

    /// - Parameters:
    ///   - isLocked: whether the user wants it so from now on.
    ///   - requester: who has said so.
    func noteUser(isLocked: Bool, by requester: Requester) {
        state.withLock { $0.isLockedByUser = isLocked }
        // Also where it was locked before: a question whether to unlock is none any more.
        if isLocked { consents.withdrawAll(.locked(by: now)) }
        tell(by: requester)
    }

    /// Tells what has changed: call it too when the user has other wishes.
    func tell(by requester: Requester? = nil) {
        let now = now
        let told = state.withLock { state in
            defer { state.told = now }
            return state.told
        }
        guard told != now else { return }
        let who = requester?.metadata ?? [:]
        if now.isEmpty {
            let about: Logger.Metadata = ["event": "agent.unlocked"]
            logger.notice("the agent is no longer locked", metadata: about.merging(who) { own, _ in own })
            events.publish(AgentUnlocked())
        } else {
            if !Set(now).isSubset(of: told) { consents.withdrawAll(.locked(by: now)) }
            let names = now.map(\.rawValue).joined(separator: ", ")
            let about: Logger.Metadata = ["event": "agent.locked", "locked_by": "\(names)"]
            logger.notice("the agent is locked", metadata: about.merging(who) { own, _ in own })
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
            case .user: "You have locked the agent: run `jeton unlock`."
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
