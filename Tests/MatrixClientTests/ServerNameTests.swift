import Testing

@testable import MatrixClient

struct ServerNameTests {
    @Test(arguments: [
        ("example.org", "example.org", nil), ("example.org:8448", "example.org", 8448), ("localhost", "localhost", nil),
        ("1.2.3.4:1", "1.2.3.4", 1), ("[2001:db8::1]", "[2001:db8::1]", nil), ("[::1]:65535", "[::1]", 65535),
        ("xn--bcher-kva.example", "xn--bcher-kva.example", nil),
    ])
    func `is a host and perhaps a port`(_ text: String, _ host: String, _ port: Int?) {
        let name = ServerName(text)
        #expect(name?.host == host)
        #expect(name?.port == port)
    }

    @Test(arguments: [
        "", ":8448", "example.org:", "example.org:0", "example.org:65536", "example.org:port", "example.org:-1",
        "example.org/path", "alice@example.org", "exa mple.org", "example.org\n", "bücher.example", "::1", "[]",
        "[::1", "::1]", "[::g]", "[example.org]", "https://example.org", "example.org:1:2", "%6cocalhost",
        "example.org?", "example.org#", String(repeating: "x", count: 256),
    ])
    func `is refused where it is none`(_ text: String) {
        #expect(ServerName(text) == nil)
    }
}

struct ReachTests {
    @Test(arguments: [
        "localhost", "LOCALHOST", "localhost.", "evil.localhost", "127.0.0.1", "127.255.3.4", "0.0.0.0", "[::1]", "::1",
        "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        // What resolvers read as an address, and what is none.
        "127.1", "0x7f.0.0.1", "2130706433", "0177.0.0.1", "127.0.0.1.", "1.2.3.4.5", "[::g]", "evil.0x7f000001",
    ])
    func `of this machine`(_ host: String) {
        #expect(Reach(host: host) == .machine)
    }

    @Test(arguments: [
        "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.0.1",
        "[fe80::1]", "[fd00::1]", "[fc12::1]", "[fec0::1]", "[::ffff:10.0.0.1]",
    ])
    func `of our own network`(_ host: String) {
        #expect(Reach(host: host) == .network)
    }

    @Test(arguments: [
        "example.org", "localhost.evil.org", "127.0.0.1.evil.org", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1",
        "100.128.0.1", "192.169.0.1", "[2001:db8::1]", "[fd::1]", "[::ffff:8.8.8.8]", "0x.org", "",
    ])
    func `of everywhere`(_ host: String) {
        #expect(Reach(host: host) == .world)
    }
}
