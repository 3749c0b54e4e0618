internal import Glibc

/// Waits for signals, and for a descriptor that has something to read, whichever comes first. What comes while nobody
/// waits is not lost.
public struct Wakening {
    public enum Cause: Equatable {
        case signal(CInt)
        /// There may be something to read.
        case readable
        case timeIsOver
    }

    private let waited: sigset_t
    private let before: sigset_t

    /// - Parameters:
    ///   - signals: that are waited for from now on, and do nothing else.
    ///   - watches: whether there is something to read as well.
    public init(_ signals: [CInt], watches: Bool = false) {
        waited = Self.set(signals + (watches ? [SIGIO] : []))
        var (waited, before) = (waited, sigset_t())
        unsafe sigprocmask(SIG_BLOCK, &waited, &before)
        self.before = before
    }

    /// From now on it tells when there is something to read.
    public func watch(_ descriptor: CInt) {
        // The kernel sends SIGIO whenever there is something new (fcntl(2)).
        _ = fcntl(descriptor, F_SETOWN, getpid())
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_ASYNC)
    }

    static func set(_ signals: [CInt]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal) }
        return set
    }

    public func next(within time: Duration) -> Cause {
        let deadline = ContinuousClock.now.advanced(by: time)
        var waited = waited
        while true {
            let (seconds, attoseconds) = max(ContinuousClock.now.duration(to: deadline), .zero).components
            var left = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
            let signal = unsafe sigtimedwait(&waited, nil, &left)
            if signal > 0 { return signal == SIGIO ? .readable : .signal(signal) }
            guard errno == EINTR else { return .timeIsOver }
        }
    }

    /// Signals do again what they did before; those that nobody has waited for do it now.
    func end() {
        var before = before
        unsafe sigprocmask(SIG_SETMASK, &before, nil)
    }

    /// Ends this process as a signal would have, had nobody waited for it.
    public static func obey(_ number: CInt) -> Never {
        var signals = set([number])
        signal(number, SIG_DFL)
        raise(number)
        unsafe sigprocmask(SIG_UNBLOCK, &signals, nil)
        // One that does not end a process any more.
        exit(128 + number)
    }
}
