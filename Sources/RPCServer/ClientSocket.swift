internal import CEpoll
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// A client's connected socket. The serving thread reads, writes and closes it; others may look at it while it is open.
final class ClientSocket: Sendable {
    /// For the serving thread, which is who closes it.
    let descriptor: CInt
    private let isOpen = Mutex(true)

    /// Accepts the next client that waits; nothing waits for it.
    init(acceptedBy listener: CInt) throws(Errno) {
        let flags = CInt(SOCK_CLOEXEC.rawValue) | CInt(SOCK_NONBLOCK.rawValue)
        descriptor = try Errno.check(jeton_accept(listener, flags))
    }

    deinit { close() }

    /// Looks at the descriptor; nil where it is closed, for then it may be that of another connection.
    func whileOpen<Result>(_ look: () -> Result) -> Result? {
        isOpen.withLock { $0 ? look() : nil }
    }

    func close() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            isOpen = false
            Glibc.close(descriptor)
        }
    }

    /// Ends the way to us: what has arrived by now can still be read.
    func endInput() { shutdown(descriptor, CInt(SHUT_RD)) }

    /// Reads what has arrived, as much as has room; gives how many bytes that were, none where nothing will follow.
    func receive(_ room: inout [UInt8]) throws(Errno) -> Int {
        let count = unsafe room.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        return try Errno.check(count)
    }

    /// Gives as much to the kernel as it takes; how many bytes that were.
    func send(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
        // MSG_NOSIGNAL: a client that has gone is an error, not the end of this process.
        let count = unsafe bytes.withUnsafeBytes {
            unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
        }
        return try Errno.check(count)
    }
}
