internal import Dispatch
internal import JetonAPI
internal import Synchronization

/// Work that others may let hang.
enum Deadline {
    private final class Outcome<Value: Sendable>: Sendable {
        let value = Mutex<Value?>(nil)
    }

    /// Does it on a thread of its own. What is not done in time is left behind: the process is about to end.
    /// - Returns: nil where it was too late.
    static func meet<Value: Sendable>(within limit: Duration, _ work: @escaping @Sendable () -> Value) -> Value? {
        let outcome = Outcome<Value>()
        let done = DispatchSemaphore(value: 0)
        DispatchQueue.global().async {
            let value = work()
            outcome.value.withLock { $0 = value }
            done.signal()
        }
        _ = done.wait(timeout: .now() + .milliseconds(limit.milliseconds))
        return outcome.value.withLock(\.self)
    }
}
