internal import JetonAPI
internal import NIOCore
internal import Systemd

/// Tells the service manager that we live: on the very thread that serves the sockets, and each time at the behest of the
/// event loop. When either of them hangs, silence does.
struct Watchdog {
    private let task: RepeatedTask

    /// Nil where nobody wants to know.
    /// - Parameters:
    ///   - manager: who wants to know.
    ///   - loop: the one that everything else runs on.
    ///   - perform: has something done on the thread that serves.
    init?(
        _ manager: ServiceManager,
        on loop: any EventLoop,
        through perform: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
    ) {
        guard let interval = manager.watchdogInterval else { return nil }
        // Half the time, as sd_watchdog_enabled(3) recommends.
        let pause = TimeAmount.milliseconds(Int64(max(1, interval.milliseconds / 2)))
        task = loop.scheduleRepeatedTask(initialDelay: .zero, delay: pause) { _ in perform { manager.isAlive() } }
    }

    func cancel() { task.cancel() }
}
