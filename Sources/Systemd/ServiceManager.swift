internal import CSystemd
internal import FoundationEssentials
internal import Glibc

/// The service manager that started us, spoken to by sd_notify(3). Where there is none, nothing happens.
public struct ServiceManager: Sendable {
    /// Whether somebody listens to our notifications.
    public let isListening: Bool

    /// How long we may be silent before we are restarted (sd_watchdog_enabled(3)).
    public let watchdogInterval: Duration?

    public init() {
        isListening = ProcessInfo.processInfo.environment["NOTIFY_SOCKET"].map { !$0.isEmpty } ?? false
        var microseconds: UInt64 = 0
        let isEnabled = unsafe sd_watchdog_enabled(0, &microseconds)
        watchdogInterval = isEnabled > 0 ? .microseconds(Int64(clamping: microseconds)) : nil
    }

    /// Say it when the state is loaded and the socket is listening, not before.
    public func ready(status: String) { notify("READY=1\nSTATUS=\(Self.line(status))") }

    public func status(_ text: String) { notify("STATUS=\(Self.line(text))") }

    public func stopping(status: String) { notify("STOPPING=1\nSTATUS=\(Self.line(status))") }

    /// `ready` must follow. The moment is what newer managers match the reload by.
    public func reloading() {
        var now = timespec()
        _ = unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        notify("RELOADING=1\nMONOTONIC_USEC=\(now.tv_sec * 1_000_000 + now.tv_nsec / 1000)")
    }

    /// Call it from what must not hang, more often than the watchdog's interval.
    public func isAlive() { notify("WATCHDOG=1") }

    private func notify(_ state: String) {
        // Ignoring failures: a manager that went away is no reason for us to stop.
        _ = unsafe sd_notify(0, state)
    }

    /// A newline would begin another assignment.
    private static func line(_ text: String) -> String { String(text.map { $0.isNewline ? " " : $0 }) }
}
