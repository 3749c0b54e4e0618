import Testing

@testable import Systemd

struct AcceptedConnectionTests {
    /// Both ends of a connection from port 40000 to port 38080, as the kernel of a little-endian machine writes them.
    private static let table = """
          sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
           0: 0100007F:9C40 0100007F:94C0 01 00000000:00000000 00:00000000 00000000  1000        0 111 1 0 20 4 30 10 -1
           1: 0100007F:94C0 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1001        0 222 1 0 20 4 30 10 -1
           2: 0100007F:94C0 0100007F:9C41 01 00000000:00000000 00:00000000 00000000     0        0 0 1 0 20 4 30 10 -1
           3: 0100007F:94C0 0100007F:9C42 08 00000000:00000000 00:00000000 00000000  1001        0 333 1 0 20 4 30 10 -1
           4: 0100007F:94C0 0200000A:9C43 01 00000000:00000000 00:00000000 00000000  1001        0 444 1 0 20 4 30 10 -1

        """

    @Test func `is the other end of a connection of ours, not our own`() {
        let found = AcceptedConnection(in: Self.table, at: 38080, from: 40000, isIPv6: false)
        #expect(found?.uid == 1001)
    }

    @Test(arguments: [(40001, "no process holds it"), (40002, "it ends"), (40003, "elsewhere"), (40004, "nobody")])
    func `is none where nobody has accepted one`(port: Int, why: String) {
        #expect(AcceptedConnection(in: Self.table, at: 38080, from: port, isIPv6: false) == nil)
        #expect(AcceptedConnection(in: Self.table, at: 38080, from: 40000, isIPv6: true) == nil)
    }
}
