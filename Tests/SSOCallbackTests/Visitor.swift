import Dispatch
import Glibc

/// A browser, or what pretends to be one: a TCP connection of the test's own.
struct Visitor {
    /// Connects, sends, and reads until the other side has closed.
    /// - Parameters:
    ///   - bytes: what is sent, all at once.
    ///   - port: on 127.0.0.1.
    /// - Returns: what came back; nil where nobody listens.
    static func send(_ bytes: String, to port: Int) async -> String? {
        await withCheckedContinuation { continuation in
            // All of this blocks, and a serial queue has a thread of its own.
            DispatchQueue(label: "visitor").async { continuation.resume(returning: exchange(bytes, port)) }
        }
    }

    static func get(_ target: String, method: String = "GET", at port: Int) async -> String? {
        await send("\(method) \(target) HTTP/1.1\r\nHost: 127.0.0.1:\(port)\r\n\r\n", to: port)
    }

    private static func exchange(_ bytes: String, _ port: Int) -> String? {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let isConnected = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return nil }
        let sent = Array(bytes.utf8)
        _ = unsafe sent.withUnsafeBytes { unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
        var answer: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
            guard count > 0 else { return String(decoding: answer, as: UTF8.self) }
            answer += chunk[..<count]
        }
    }
}
