import Foundation
import Glibc
public import JetonAPI

/// A client that writes and reads lines as it likes: many requests at once, or none of the answers.
public final class LineClient: @unchecked Sendable {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private var isOpen = true

    public convenience init(_ agent: AgentUnderTest) throws { try self.init(agent.socket) }

    public init(_ path: String) throws {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let result = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe connect(descriptor, address, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard result == 0 else { throw Unexpected("no connection: \(errno)") }
        // An answer that never comes must fail the test, not hang it.
        var limit = timeval(tv_sec: 90, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    public func close() {
        if isOpen { Glibc.close(descriptor) }
        isOpen = false
    }

    public func send(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, 0x4000) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Sends a request.
    public func request(_ id: String, _ method: String, _ params: String = "{}") {
        send(#"{"jsonrpc":"2.0","id":\#(id),"method":"\#(method)","params":\#(params)}"#)
    }

    /// The next line, as JSON; it blocks.
    public func next() throws -> JSONValue {
        while true {
            if let end = received.firstIndex(of: 0x0A) {
                defer { received.removeFirst(end + 1) }
                return try JSONDecoder().decode(JSONValue.self, from: Data(received[..<end]))
            }
            var chunk = [UInt8](repeating: 0, count: 64 * 1024)
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe read(descriptor, $0.baseAddress, $0.count) }
            guard count > 0 else { throw Unexpected("the agent has closed, or says nothing") }
            received.append(contentsOf: chunk[..<count])
        }
    }

    /// The next line that is so, others dropped.
    public func next(where isSo: (JSONValue) -> Bool) throws -> JSONValue {
        while true {
            let message = try next()
            if isSo(message) { return message }
        }
    }
}
