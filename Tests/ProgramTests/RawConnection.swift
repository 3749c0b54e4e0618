import Glibc
import TestSupport

/// A connection to a socket, for clients that behave badly: they stall, do not read, or leave.
final class RawConnection: @unchecked Sendable {
    private let descriptor: Int32
    private var received: [UInt8] = []

    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Unexpected("cannot connect to \(path): \(errno)") }
        // What never comes must fail the test, not hang it.
        var patience = timeval(tv_sec: 90, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty { rest = rest.dropFirst(try send(rest, flags: 0)) }
    }

    /// Sends `text` again and again, until for a quarter of a second not a byte more is taken; gives how many whole ones
    /// were.
    func sendUntilStopped(_ text: String) throws -> Int {
        let bytes = Array(text.utf8)
        var sent = 0
        while true {
            var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            guard unsafe poll(&ready, 1, 250) > 0 else { break }
            sent += try send(bytes[(sent % bytes.count)...], flags: Int32(MSG_DONTWAIT))
        }
        return sent / bytes.count
    }

    func endInput() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// The next line; nil where the agent has closed. It blocks.
    func line() throws -> String? {
        var searched = 0
        while true {
            if let end = received[searched...].firstIndex(of: 0x0A) {
                defer { received.removeFirst(end + 1) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            searched = received.count
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            if count == 0 || (count < 0 && errno == ECONNRESET) { return nil }
            guard count > 0 else { throw Unexpected("the agent says nothing: \(errno)") }
            received.append(contentsOf: chunk[..<count])
        }
    }

    private func send(_ bytes: ArraySlice<UInt8>, flags: Int32) throws -> Int {
        let flags = flags | Int32(MSG_NOSIGNAL)
        let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
        if count < 0, errno == EAGAIN { return 0 }
        guard count >= 0 else { throw Unexpected("the agent has closed: \(errno)") }
        return count
    }
}
