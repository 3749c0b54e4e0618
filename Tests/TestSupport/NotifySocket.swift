import Foundation
import Synchronization

/// What a service manager listens on: a datagram socket, whose messages are kept (sd_notify(3)).
public final class NotifySocket: Sendable {
    public let path: String
    private let folder: ScratchFolder
    private let descriptor: CInt
    private let received = Mutex<[String]>([])
    private let taken = Mutex(0)

    public init() throws {
        folder = try ScratchFolder()
        path = folder.file("notify")
        descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        let descriptor = descriptor
        let isBound = unsafe Self.withAddress(path) { unsafe bind(descriptor, $0, $1) == 0 }
        guard isBound else { throw Unexpected("no socket at \(path)") }
        Thread.detachNewThread { [weak self] in
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = unsafe buffer.withUnsafeMutableBytes {
                    unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
                }
                guard count > 0, let self else { return }
                self.received.withLock { $0.append(String(decoding: buffer[..<count], as: UTF8.self)) }
            }
        }
    }

    deinit {
        shutdown(descriptor, CInt(SHUT_RDWR))
        close(descriptor)
    }

    public var messagesSoFar: [String] { received.withLock { $0 } }

    /// All that was sent until now; some of it may still have been on its way.
    public func messagesUntilNow() async throws -> [String] {
        let mark = "MARK=\(UUID().uuidString)"
        try await onThread { [self] in try send(mark) }
        try await eventually("our own message comes") { messagesSoFar.contains(mark) }
        return messagesSoFar
    }

    private func send(_ message: String) throws {
        let sender = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(sender) }
        let bytes = Array(message.utf8)
        let sent = unsafe Self.withAddress(path) { address, length in
            unsafe bytes.withUnsafeBytes { unsafe sendto(sender, $0.baseAddress, $0.count, 0, address, length) }
        }
        guard sent == bytes.count else { throw Unexpected("nothing can be sent to \(path)") }
    }

    private static func withAddress<Value>(
        _ path: String,
        _ work: (UnsafePointer<sockaddr>, socklen_t) -> Value
    ) -> Value {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe work($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// The next message that is so; each message is looked at once.
    public func message(_ isWanted: (String) -> Bool) async throws -> String {
        var found: String?
        try await eventually("the notification comes") {
            let next = taken.withLock { taken in
                defer { taken = min(taken + 1, messagesSoFar.count) }
                return messagesSoFar.count > taken ? messagesSoFar[taken] : nil
            }
            if let next, isWanted(next) { found = next }
            return found != nil
        }
        return found ?? ""
    }
}
