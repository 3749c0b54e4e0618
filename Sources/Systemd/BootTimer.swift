internal import CSystemd
internal import Glibc
public import SystemPackage

/// A timer whose time goes on while the machine sleeps (timerfd_create(2), CLOCK_BOOTTIME): what has become due
/// meanwhile is due at once afterwards. It is open until the process ends.
public struct BootTimer: Sendable {
    private let descriptor: CInt

    public init() throws(Errno) {
        descriptor = timerfd_create(CLOCK_BOOTTIME, CInt(TFD_CLOEXEC | TFD_NONBLOCK))
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
    }

    /// A descriptor that becomes readable when the time has come; it belongs to the caller.
    public func reader() throws(Errno) -> CInt {
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard copy >= 0 else { throw Errno(rawValue: errno) }
        return copy
    }

    /// Lets it go off after so long, in place of what was set before; nil: not at all.
    public func set(after wait: Duration?) {
        var setting = itimerspec()
        if let wait {
            // Zero would switch it off.
            let wait = max(wait, .nanoseconds(1))
            setting.it_value.tv_sec = Int(clamping: wait.components.seconds)
            setting.it_value.tv_nsec = Int(wait.components.attoseconds / 1_000_000_000)
        }
        guard unsafe timerfd_settime(descriptor, 0, &setting, nil) == 0 else {
            preconditionFailure("a timer of our own cannot be set: \(Errno(rawValue: errno))")
        }
    }
}
