import Foundation
import Glibc

/// Something that listens where an agent should, and answers each line as a test wants: agents of other versions, and
/// programs that are none.
public final class StandInAgent: Sendable {
    public let path: String
    private let folder: ScratchFolder
    private let descriptor: CInt

    /// - Parameter answer: to a line without its newline; what it gives is sent as it is, nothing for nil.
    /// - Throws: where there can be no socket.
    public init(_ answer: @escaping @Sendable (String) -> [String]?) throws {
        folder = try ScratchFolder()
        path = folder.file("agent.sock")
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        let isBound = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard isBound, listen(descriptor, 8) == 0 else { throw Unexpected("no socket at \(path)") }
        unsafe chmod(path, 0o600)
        Thread.detachNewThread {
            while case let client = accept(descriptor, nil, nil), client >= 0 {
                Thread.detachNewThread { Self.serve(client, answer) }
            }
        }
    }

    deinit {
        shutdown(descriptor, CInt(SHUT_RDWR))
        close(descriptor)
    }

    /// Each piece of an answer is sent by itself, a moment after the one before.
    private static func serve(_ client: CInt, _ answer: (String) -> [String]?) {
        defer { close(client) }
        var line: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe read(client, &byte, 1) == 1 {
            guard byte == UInt8(ascii: "\n") else {
                line.append(byte)
                continue
            }
            for piece in answer(String(decoding: line, as: UTF8.self)) ?? [] {
                let bytes = Array(piece.utf8)
                let sent = unsafe bytes.withUnsafeBytes { unsafe send(client, $0.baseAddress, $0.count, 0x4000) }
                guard sent == bytes.count else { return }
                usleep(100_000)
            }
            line = []
        }
    }
}
