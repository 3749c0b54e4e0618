internal import Glibc
internal import Synchronization
internal import SystemPackage

/// What is to be done on a serving thread: by it in a later turn, or for another thread.
/// It also runs tasks there: a connection's work stays on the thread that reads and writes its socket, because a hop to
/// another one and back costs more than the work.
final class Inbox: TaskExecutor {
    typealias Action = @Sendable () -> Void

    private let actions = Mutex<[Action]>([])
    private let wakeUp: WakeUp
    /// None so far is 0, which is no thread's.
    private let thread = Atomic<pthread_t>(0)

    init() throws(Errno) { wakeUp = try WakeUp() }

    /// Becomes ready when there is something to do.
    var descriptor: CInt { wakeUp.descriptor }

    /// Whether this is the serving thread.
    var isHere: Bool { thread.load(ordering: .relaxed) == pthread_self() }

    /// From now on this thread is the one that serves.
    func settleHere() { thread.store(pthread_self(), ordering: .relaxed) }

    func execute(_ action: @escaping Action) {
        let isFirst = actions.withLock { actions in
            actions.append(action)
            return actions.count == 1
        }
        // The serving thread looks by itself, before it waits.
        if isFirst, !isHere { wakeUp.ring() }
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        execute { unsafe job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }

    var isEmpty: Bool { actions.withLock { $0.isEmpty } }

    /// Does all that is there, but nothing that comes meanwhile.
    func empty() {
        let due = actions.withLock { actions in
            defer { actions = [] }
            return actions
        }
        for action in due { action() }
    }
}

/// A value that only the serving thread may touch, though others may pass it on.
struct ThreadBound<Value>: @unchecked Sendable {
    private let bound: Value
    private let inbox: Inbox

    init(_ value: Value, _ inbox: Inbox) {
        bound = value
        self.inbox = inbox
    }

    var value: Value {
        precondition(inbox.isHere, "this belongs to the serving thread")
        return bound
    }
}
