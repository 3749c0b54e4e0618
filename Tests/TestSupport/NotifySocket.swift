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
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let descriptor = descriptor
        let isBound = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
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
