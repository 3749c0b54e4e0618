internal import CEpoll
internal import Glibc
internal import SystemPackage

/// The kernel's list of descriptors that a thread waits for (epoll(7)). One that is closed leaves the list by itself.
@safe final class Epoll {
    /// What a descriptor is ready for, or waited for. The kernel tells of a hang-up unasked.
    struct Readiness: OptionSet {
        let rawValue: UInt32

        static let input = Readiness(rawValue: EPOLLIN.rawValue)
        static let output = Readiness(rawValue: EPOLLOUT.rawValue)
        /// Nothing will come any more, and nobody would read an answer.
        static let hangUp = Readiness(rawValue: EPOLLHUP.rawValue | EPOLLERR.rawValue)
        /// Told once for each time that it happens, so that nothing need be read for it to end.
        static let once = Readiness(rawValue: EPOLLET.rawValue)
    }

    /// More than one for each turn: under load fewer calls of the kernel serve more clients.
    private static let most = 64

    private let descriptor: CInt
    private var events = unsafe [epoll_event](repeating: epoll_event(), count: most)

    init() throws(Errno) { descriptor = try Errno.check(epoll_create1(CInt(EPOLL_CLOEXEC))) }

    deinit { close(descriptor) }

    /// Begins to wait for a descriptor; `key` tells it apart from every other, also from those closed before.
    func add(_ descriptor: CInt, key: Int, for readiness: Readiness) throws(Errno) {
        try control(EPOLL_CTL_ADD, descriptor, key, readiness)
    }

    func change(_ descriptor: CInt, key: Int, for readiness: Readiness) throws(Errno) {
        try control(EPOLL_CTL_MOD, descriptor, key, readiness)
    }

    private func control(_ action: CInt, _ descriptor: CInt, _ key: Int, _ readiness: Readiness) throws(Errno) {
        var event = unsafe epoll_event(events: readiness.rawValue, data: epoll_data_t(u64: UInt64(key)))
        _ = try Errno.check(unsafe epoll_ctl(self.descriptor, action, descriptor, &event))
    }

    /// Waits until something is ready, though not longer than `patience`; nil: as long as it takes.
    func wait(_ patience: Duration?, _ isReady: (_ key: Int, Readiness) -> Void) {
        // Rounded up: a moment too early, there would be nothing to do.
        let milliseconds = patience.map { CInt(min(($0 / .milliseconds(1)).rounded(.up), 1e6)) } ?? -1
        let count = unsafe epoll_wait(descriptor, &events, CInt(Self.most), milliseconds)
        // Fewer than none where a signal came in between.
        for index in 0..<Int(max(0, count)) {
            let event = unsafe events[index]
            unsafe isReady(Int(event.data.u64), Readiness(rawValue: event.events))
        }
    }
}

/// A counter in the kernel that wakes a thread out of `Epoll.wait` (eventfd(2)).
final class WakeUp: Sendable {
    let descriptor: CInt

    init() throws(Errno) {
        descriptor = try Errno.check(eventfd(0, CInt(EFD_CLOEXEC | EFD_NONBLOCK)))
    }

    deinit { close(descriptor) }

    func ring() { eventfd_write(descriptor, 1) }
}

extension Errno {
    /// The C library's convention, once.
    static func check<Result: SignedInteger>(_ result: Result) throws(Errno) -> Result {
        guard result >= 0 else { throw Errno(rawValue: errno) }
        return result
    }
}
