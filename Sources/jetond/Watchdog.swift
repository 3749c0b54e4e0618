internal import JetonAPI
internal import NIOCore
internal import Systemd

/// Tells the service manager that we live, from the very loop that serves the socket: when that hangs, silence does.
struct Watchdog {
    private let task: RepeatedTask

    /// Nil where nobody wants to know.
    init?(_ manager: ServiceManager, on loop: any EventLoop) {
        guard let interval = manager.watchdogInterval else { return nil }
        // Half the time, as sd_watchdog_enabled(3) recommends.
        let pause = TimeAmount.milliseconds(Int64(max(1, interval.milliseconds / 2)))
        task = loop.scheduleRepeatedTask(initialDelay: .zero, delay: pause) { _ in manager.isAlive() }
    }

    func cancel() { task.cancel() }
}
