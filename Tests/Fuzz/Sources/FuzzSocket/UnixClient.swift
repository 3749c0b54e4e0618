import Foundation
import Fuzzing

/// A blocking client that says everything, and then listens until the server has closed.
struct UnixClient {
    private let descriptor: CInt

    init(_ path: String) {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        demand(result == 0, "no connection: \(String(cString: strerror(errno)))")
    }

    /// The fuzzer's own alarm interrupts what waits.
    private func patiently(_ call: () -> Int) -> Int {
        while true {
            let result = call()
            guard result < 0, errno == EINTR else { return result }
        }
    }

    func say(_ content: ArraySlice<UInt8>, inChunksOf size: Int) {
        var rest = content
        while !rest.isEmpty {
            let chunk = Array(rest.prefix(size))
            // A server that has closed already, after a line that is too long, need not hear the rest.
            let sent = patiently { send(descriptor, chunk, chunk.count, CInt(MSG_NOSIGNAL)) }
            guard sent == chunk.count else { break }
            rest = rest.dropFirst(size)
        }
        shutdown(descriptor, CInt(SHUT_WR))
    }

    func listen() -> [UInt8] {
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = patiently { recv(descriptor, &chunk, chunk.count, 0) }
            guard count > 0 else { return content }
            content.append(contentsOf: chunk[..<count])
        }
    }
}
