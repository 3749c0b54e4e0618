import Glibc

/// A port of loopback that the kernel gives nobody else as long as this lives. Nobody listens there but who is told to, and
/// shares its addresses as servers do (SO_REUSEADDR).
public final class HeldPort: Sendable {
    private let socket: TCPSocket

    public var number: UInt16 { socket.port }

    public init() throws { socket = try TCPSocket.held() }
}

/// A TCP socket on loopback that blocks, and reads whole HTTP/1.1 messages.
final class TCPSocket: Sendable {
    struct Message {
        var bytes: [UInt8]
        var firstLine: String
        var bodyLength: Int
    }

    private let descriptor: CInt

    private init(_ descriptor: CInt) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    private static func open() -> TCPSocket {
        TCPSocket(socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0))
    }

    /// One that listens at a port of the kernel's choice.
    static func listening() throws -> TCPSocket {
        let socket = open()
        guard socket.bindAnywhere(), listen(socket.descriptor, 64) == 0 else {
            throw Unexpected("no port to listen at")
        }
        return socket
    }

    /// One that has a port of the kernel's choice, and leaves it to others to listen there.
    static func held() throws -> TCPSocket {
        let socket = open()
        var isShared: CInt = 1
        let size = socklen_t(MemoryLayout<CInt>.size)
        guard unsafe setsockopt(socket.descriptor, SOL_SOCKET, SO_REUSEADDR, &isShared, size) == 0,
            socket.bindAnywhere()
        else { throw Unexpected("no port to hold") }
        return socket
    }

    private func bindAnywhere() -> Bool { unsafe withAddress(port: 0) { unsafe bind(descriptor, $0, $1) == 0 } }

    /// Nil: nobody listens there.
    convenience init?(connectedTo port: UInt16) {
        let socket = socket(AF_INET, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        self.init(socket)
        let isConnected = unsafe withAddress(port: port) { unsafe connect(socket, $0, $1) == 0 }
        if !isConnected { return nil }
    }

    var port: UInt16 {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isKnown = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe getsockname(descriptor, $0, &length) == 0
            }
        }
        return isKnown ? in_port_t(bigEndian: address.sin_port) : 0
    }

    /// Nil once it is shut down.
    func accept() -> TCPSocket? {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else { return nil }
        _ = fcntl(client, F_SETFD, FD_CLOEXEC)
        return TCPSocket(client)
    }

    /// Ends what blocks on it.
    func shutDown() { shutdown(descriptor, CInt(SHUT_RDWR)) }

    /// False: the other side has gone.
    func send(_ bytes: [UInt8]) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Reads whatever comes until the other side has gone.
    func awaitClose() { while let some = receive(), !some.isEmpty {} }

    /// Nil where the connection is broken, nothing at its end.
    private func receive() -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        let count = unsafe chunk.withUnsafeMutableBytes { unsafe recv(descriptor, $0.baseAddress, $0.count, 0) }
        return count < 0 ? nil : Array(chunk[..<count])
    }

    /// The next message, to the end of its body; nil: the other side has gone. Nobody sends the one after it before
    /// this one is answered.
    func readMessage() -> Message? {
        var bytes: [UInt8] = []
        while let some = receive(), !some.isEmpty {
            bytes += some
            if let message = Self.message(bytes) { return message }
        }
        return nil
    }

    /// Nil: there is more to come.
    private static func message(_ bytes: [UInt8]) -> Message? {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let lines = text[..<end.lowerBound].split(separator: "\r\n")
        let body = text[end.upperBound...]
        let headers = lines.dropFirst().map { $0.lowercased() }
        let promised = headers.first { $0.hasPrefix("content-length:") }?.split(separator: " ").last.flatMap { Int($0) }
        let isWhole =
            headers.contains("transfer-encoding: chunked")
            ? body.hasPrefix("0\r\n") || body.contains("\r\n0\r\n") : body.utf8.count >= promised ?? 0
        guard isWhole else { return nil }
        return Message(bytes: bytes, firstLine: String(lines.first ?? ""), bodyLength: body.utf8.count)
    }

    private func withAddress<Value>(port: UInt16, _ work: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        return unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe work($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
