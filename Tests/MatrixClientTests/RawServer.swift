import Dispatch
import Glibc
import Synchronization
import Testing

/// A TCP server on loopback that does to each connection what the test tells it, byte for byte.
final class RawServer: Sendable {
    enum Step: Sendable {
        /// Reads the head of the request, and as much body as its Content-Length promises.
        case readRequest
        case send(String)
        case sendZeros(Int)
        /// Waits until the client has gone.
        case awaitClose
    }

    let port: UInt16
    private let descriptor: CInt
    private let count: Connections

    /// How many there were.
    var connections: Int { count.value.load(ordering: .acquiring) }

    /// Each connection goes through `steps` on a thread of its own, and is closed at their end.
    init(_ steps: [Step]) throws {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, length) == 0 && listen(descriptor, 16) == 0
                    && getsockname(descriptor, $0, &length) == 0
            }
        }
        try #require(isListening)
        self.descriptor = descriptor
        let count = Connections()
        self.count = count
        port = in_port_t(bigEndian: address.sin_port)
        Self.onThread {
            while true {
                let client = accept(descriptor, nil, nil)
                guard client >= 0 else { break }
                count.value.add(1, ordering: .acquiringAndReleasing)
                Self.onThread {
                    for step in steps { Self.perform(step, on: client) }
                    close(client)
                }
            }
            close(descriptor)
        }
    }

    /// From now on the port refuses connections.
    func stop() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// All of this blocks, and a serial queue has a thread of its own.
    private static func onThread(_ work: @escaping @Sendable () -> Void) {
        DispatchQueue(label: "raw server").async(execute: work)
    }

    private static func perform(_ step: Step, on client: CInt) {
        switch step {
        case .readRequest: readRequest(from: client)
        case .send(let text): write(Array(text.utf8), to: client)
        case .sendZeros(let count): write([UInt8](repeating: UInt8(ascii: "0"), count: count), to: client)
        case .awaitClose: while let some = read(from: client), !some.isEmpty {}
        }
    }

    private static func readRequest(from client: CInt) {
        var text = ""
        while let some = read(from: client), !some.isEmpty {
            text += String(decoding: some, as: UTF8.self)
            guard let end = text.firstRange(of: "\r\n\r\n") else { continue }
            let header = text[..<end.lowerBound].lowercased().split(separator: "content-length: ").dropFirst().first
            let promised = header.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
            if text[end.upperBound...].utf8.count >= promised { return }
        }
    }

    private static func read(from client: CInt) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = unsafe buffer.withUnsafeMutableBytes { unsafe recv(client, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : Array(buffer[..<count])
    }

    private static func write(_ bytes: [UInt8], to client: CInt) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe send(client, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}

private final class Connections: Sendable {
    let value = Atomic(0)
}

extension RawServer.Step {
    /// A whole answer, after which the connection is closed.
    static func answer(_ status: String, _ headers: String = "", _ body: String) -> RawServer.Step {
        .send("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\(headers)\r\n\(body)")
    }
}
