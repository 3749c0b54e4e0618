internal import SystemPackage

/// Whoever waits for a descriptor to become ready.
protocol Waiting: AnyObject {
    func isReady(for readiness: Epoll.Readiness)
}

/// One thread that serves many sockets: it waits for them, for moments and for what others want done, and does one thing
/// after the other. NIO would do it too, but its channels cost more than all that a connection asks of the agent.
final class ServingThread {
    /// What waits for a descriptor.
    struct Watch {
        fileprivate let key: Int
        fileprivate let descriptor: CInt
        fileprivate var readiness: Epoll.Readiness
    }

    typealias Alarm = Alarms<() -> Void>.Token

    let inbox: Inbox
    /// Where sockets are read into before it is known how much there is.
    var room = [UInt8](repeating: 0, count: 16 * 1024)
    private let epoll: Epoll
    private var waiting: [Int: any Waiting] = [:]
    private var alarms = Alarms<() -> Void>()
    private var lastKey = 0
    private var hasEnded = false

    init() throws(Errno) {
        inbox = try Inbox()
        epoll = try Epoll()
        try epoll.add(inbox.descriptor, key: lastKey, for: [.input, .once])
    }

    /// Serves on this thread, until it is told to end.
    func run() {
        while !hasEnded {
            inbox.empty()
            if alarms.next != nil { for action in alarms.take(at: .now) { action() } }
            guard !hasEnded else { break }
            epoll.wait(patience) { key, readiness in waiting[key]?.isReady(for: readiness) }
        }
        alarms = Alarms()
    }

    /// Call it from a turn of its own.
    func end() { hasEnded = true }

    private var patience: Duration? {
        inbox.isEmpty ? alarms.next.map { max(.zero, SuspendingClock.Instant.now.duration(to: $0)) } : .zero
    }

    /// Tells `owner` each time when the descriptor is ready.
    func watch(_ descriptor: CInt, for readiness: Epoll.Readiness, _ owner: any Waiting) throws(Errno) -> Watch {
        lastKey += 1
        try epoll.add(descriptor, key: lastKey, for: readiness)
        waiting[lastKey] = owner
        return Watch(key: lastKey, descriptor: descriptor, readiness: readiness)
    }

    /// Waits for something else from now on, where it waits at all.
    func change(_ watch: inout Watch?, to readiness: Epoll.Readiness) {
        guard let current = watch, current.readiness != readiness else { return }
        watch?.readiness = readiness
        do throws(Errno) {
            try epoll.change(current.descriptor, key: current.key, for: readiness)
        } catch {
            preconditionFailure("a descriptor that was watched is none: \(error)")
        }
    }

    /// Call it when the descriptor is closed.
    func forget(_ watch: Watch) { waiting[watch.key] = nil }

    @discardableResult
    func alarm(at moment: SuspendingClock.Instant, _ action: @escaping () -> Void) -> Alarm {
        alarms.add(at: moment, action)
    }

    func cancel(_ alarm: Alarm) { alarms.cancel(alarm) }
}
