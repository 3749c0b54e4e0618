internal import JetonAPI
internal import Synchronization

/// Who wants to be told of what, and the telling. Nothing is kept for a subscriber that does not read: it is told how
/// much it has missed as soon as it reads again.
final class EventHub: Sendable {
    fileprivate struct Subscriber {
        var types: Set<EventType>
        /// Those of them that were asked for by name.
        var named: Set<EventType>
        let send: @Sendable ([UInt8]) -> Bool
        let hasEnded: Flag
        var missed: (count: Int, since: Moment)?
    }

    /// Set from the connection's own end, where nothing may wait for a lock that a sender holds.
    fileprivate final class Flag: Sendable {
        let isSet = Atomic(false)
    }

    private let subscribers = Mutex<[Int: Subscriber]>([:])
    private let metrics: Metrics
    private let clock: @Sendable () -> Moment
    private let tellUser: @Sendable (any Event) -> Void

    /// - Parameters:
    ///   - metrics: where it is counted.
    ///   - clock: wall time.
    ///   - tellUser: called with each event, whoever has subscribed; it must return at once.
    init(
        metrics: Metrics,
        clock: @escaping @Sendable () -> Moment,
        tellUser: @escaping @Sendable (any Event) -> Void = { _ in }
    ) {
        self.metrics = metrics
        self.clock = clock
        self.tellUser = tellUser
    }

    func subscribe(_ caller: Caller, to types: [EventType]?) {
        let wanted = Set(types ?? EventType.allCases)
        let isNew = subscribers.withLock { subscribers -> Flag? in
            subscribers = subscribers.filter { !$0.value.hasEnded.isSet.load(ordering: .relaxed) }
            guard subscribers[caller.connection] == nil else {
                subscribers[caller.connection]?.types.formUnion(wanted)
                subscribers[caller.connection]?.named.formUnion(types ?? [])
                return nil
            }
            let flag = Flag()
            subscribers[caller.connection] = Subscriber(
                types: wanted,
                named: Set(types ?? []),
                send: caller.notify,
                hasEnded: flag
            )
            return flag
        }
        guard let flag = isNew else { return }
        caller.whenEnded { flag.isSet.store(true, ordering: .relaxed) }
        caller.whenReading { [weak self] in self?.catchUp(caller.connection) }
    }

    func unsubscribe(_ caller: Caller, from types: [EventType]?) {
        subscribers.withLock { $0[caller.connection]?.unsubscribe(from: types ?? EventType.allCases) }
    }

    /// Whether anybody would be told.
    func isWanted(_ type: EventType) -> Bool {
        subscribers.withLock { $0.values.contains { $0.types.contains(type) } }
    }

    /// Whether somebody has asked for just this type.
    func isNamed(_ type: EventType) -> Bool {
        subscribers.withLock {
            $0.values.contains { $0.named.contains(type) && !$0.hasEnded.isSet.load(ordering: .relaxed) }
        }
    }

    func publish<E: Event>(_ event: E) {
        tellUser(event)
        let now = clock()
        var outcome = (sent: 0, missed: 0)
        subscribers.withLock { subscribers in
            let wanting = subscribers.filter {
                $0.value.types.contains(E.type) && !$0.value.hasEnded.isSet.load(ordering: .relaxed)
            }
            guard !wanting.isEmpty else { return }
            let message = EventNotification(event, at: now).bytes
            for connection in wanting.keys {
                if subscribers[connection]?.tell(message, at: now) == true {
                    outcome.sent += 1
                } else {
                    outcome.missed += 1
                }
            }
        }
        guard outcome != (0, 0) else { return }
        metrics.count { counts in
            counts.eventsSent += outcome.sent
            counts.eventsMissed += outcome.missed
        }
    }

    /// The connection takes bytes again.
    private func catchUp(_ connection: Int) {
        let now = clock()
        subscribers.withLock { _ = $0[connection]?.confess(at: now) }
    }
}

extension EventHub.Subscriber {
    /// Who wants nothing any more stays until the connection ends: it would be observed once more for each time that it
    /// comes back.
    fileprivate mutating func unsubscribe(from types: [EventType]) {
        self.types.subtract(types)
        named.subtract(types)
        if self.types.isEmpty { missed = nil }
    }

    /// Sends, in the order of what happened: what was missed is told first.
    /// - Returns: false where the event is missed too.
    fileprivate mutating func tell(_ message: [UInt8], at now: Moment) -> Bool {
        guard confess(at: now), send(message) else {
            missed = ((missed?.count ?? 0) + 1, missed?.since ?? now)
            return false
        }
        return true
    }

    /// Says what was missed. False where even that cannot be sent.
    fileprivate mutating func confess(at now: Moment) -> Bool {
        guard let missed else { return true }
        let notice = EventsMissed(count: missed.count, since: missed.since)
        guard send(EventNotification(notice, at: now).bytes) else { return false }
        self.missed = nil
        return true
    }
}
