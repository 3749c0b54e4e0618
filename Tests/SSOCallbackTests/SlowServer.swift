import Dispatch
import Glibc
import Testing

/// A listener on loopback that answers one request, and only when the test says so.
final class SlowServer: Sendable {
    let port: Int
    private let requests: AsyncStream<String>
    private let gate = DispatchSemaphore(value: 0)

    init() throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isListening)
        port = Int(in_port_t(bigEndian: address.sin_port))
        let (requests, arrival) = AsyncStream.makeStream(of: String.self)
        self.requests = requests
        // All of this blocks, and a serial queue has a thread of its own.
        DispatchQueue(label: "slow server").async { [gate] in
            let client = accept(descriptor, nil, nil)
            close(descriptor)
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(client, $0.baseAddress, $0.count, 0) }
            arrival.yield(String(decoding: chunk.prefix(max(count, 0)), as: UTF8.self))
            gate.wait()
            let answer = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
            _ = unsafe answer.withUnsafeBytes { unsafe send(client, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL)) }
            close(client)
        }
    }

    /// What has come.
    func request() async -> String {
        for await request in requests { return request }
        return ""
    }

    func answer() { gate.signal() }
}
