import Foundation
import Glibc
import Testing

@testable import Systemd

struct TCPListenerTests {
    /// As the kernel writes it; addresses as words in the memory of this machine.
    private static func row(_ address: [UInt32], _ port: Int, state: String = "0A", uid: Int = 1000) -> String {
        func hex(_ number: UInt32, _ digits: Int) -> String {
            let text = String(number, radix: 16, uppercase: true)
            return String(repeating: "0", count: digits - text.count) + text
        }
        let local = address.map { hex($0.bigEndian, 8) }.joined() + ":" + hex(UInt32(port), 4)
        return
            "   0: \(local) 00000000:0000 \(state) 00000000:00000000 00:00000000 00000000  \(uid)        0 777 1 0 100\n"
    }

    private static let head =
        "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"

    @Test(
        arguments: [
            ([0x7F00_0001], TCPListener.Reach.ipv4), ([0], .ipv4), ([0x7F00_0002], nil), ([0x0A00_0001], nil),
            ([0, 0, 0, 1], .ipv6), ([0, 0, 0, 0], .either), ([0, 0, 0xFFFF, 0x7F00_0001], .ipv4),
            ([0, 0, 0xFFFF, 0], .ipv4), ([0xFE80_0000, 0, 0, 1], nil),
        ] as [([UInt32], TCPListener.Reach?)]
    )
    func `tells by which address a listener is reached`(address: [UInt32], reach: TCPListener.Reach?) {
        let table = Self.head + Self.row(address, 38080)
        let expected = reach.map { [TCPListener(reach: $0, uid: 1000, inode: 777)] } ?? []
        #expect(TCPListener.listeners(in: table, at: 38080) == expected)
        #expect(TCPListener.listeners(in: table, at: 38081).isEmpty)
    }

    @Test func `takes connections and broken lines for no listeners`() {
        let table =
            Self.head + Self.row([0x7F00_0001], 80, state: "01") + "  1: 0100007F:0050\n 2: x:y z 0A a b c d e f\n"
        #expect(TCPListener.listeners(in: table, at: 80).isEmpty)
    }

    @Test func `finds a listener of this process among many, and names it`() throws {
        // More than the kernel tells at a time.
        let others = try (1...60).map { _ in try Self.listen().descriptor }
        defer { others.forEach { close($0) } }
        let (descriptor, port) = try Self.listen()
        defer { close(descriptor) }
        let found = TCPListener.all(at: port)
        #expect(found.map(\.reach) == [.ipv4])
        #expect(found.first?.uid == Int(geteuid()))
        #expect(found.first?.holder?.pid == Int(getpid()))
    }

    private static func listen() throws -> (descriptor: CInt, port: Int) {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = unsafe withUnsafeMutablePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe bind(descriptor, address, length) == 0 && Glibc.listen(descriptor, 1) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        try #require(isListening)
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }
}
