import FoundationEssentials
import MatrixClient
import Testing

struct HomeserverAddressTests {
    @Test(arguments: [
        ("https://matrix.example.org", "https://matrix.example.org"),
        ("matrix.example.org", "https://matrix.example.org"),
        ("matrix.example.org:8448", "https://matrix.example.org:8448"),
        ("https://example.org/", "https://example.org"),
        ("https://example.org///", "https://example.org"),
        ("https://example.org/matrix/", "https://example.org/matrix"),
        ("https://example.org:65535/", "https://example.org:65535"),
        ("HTTPS://Example.org", "https://example.org"),
        ("https://example.org:443/", "https://example.org"),
        ("example.org:0443", "https://example.org"),
        ("https://example.org:", "https://example.org"),
        ("https://example.org:80", "https://example.org:80"),
        ("https://example.org./Matrix", "https://example.org/Matrix"),
        ("https://127.0.0.1.evil.org", "https://127.0.0.1.evil.org"),
        ("http://localhost:8008", "http://localhost:8008"),
        ("http://LocalHost:80", "http://localhost"),
        ("http://127.0.0.1:8008/", "http://127.0.0.1:8008"),
        ("http://127.255.0.3", "http://127.255.0.3"),
        ("https://[2001:DB8::1]:8448", "https://[2001:db8::1]:8448"),
        ("https://[2001:db8::443]:443", "https://[2001:db8::443]"),
    ])
    func `is https, or http on this machine, and has one form however it was written`(
        _ text: String,
        _ base: String
    ) throws {
        let address = try HomeserverAddress(text)
        #expect(address.description == base)
        let json = try JSONEncoder().encode([address])
        #expect(try JSONDecoder().decode([HomeserverAddress].self, from: json) == [address])
    }

    @Test func `knows the loopback address of IPv6`() throws {
        #expect(try HomeserverAddress("http://[::1]:8008/").description == "http://[::1]:8008")
    }

    @Test(arguments: [
        "http://matrix.example.org", "http://127.0.0.1.evil.org", "http://localhost.evil.org",
        "http://evil.org/localhost",
        "http://128.0.0.1", "http://127.1", "http://127.0.0.1.", "http://2130706433", "http://0x7f.0.0.1",
        "http://[::2]", "http://[::ffff:8.8.8.8]", "http://127.0.0.256", "http://127.0.0",
        "http://localhost%2eevil.org",
        "http://127.0.0.1%2eevil.org", "http://evil.org:127.0.0.1",
        // Read as octal by some resolvers, this is 87.0.0.1.
        "http://0127.0.0.1", "http://+127.0.0.1",
    ])
    func `promise 13: refuses plain http to anywhere else`(_ text: String) {
        #expect(throws: HomeserverAddress.Problem.self) { try HomeserverAddress(text) }
    }

    @Test(arguments: [
        "", "https://", "https:///path", "https://.", "https://example.org..", "https://example..org", "https://.org",
        "ftp://example.org", "file:///etc/passwd", "https://user@example.org",
        "https://user:pass@example.org", "http://localhost@evil.org", "http://127.0.0.1:80@evil.org",
        "https://example.org?x=1", "https://example.org/?", "https://example.org#x", "https://exa mple.org",
        "https://example.org\n", "https://example.org/\u{7F}", " https://example.org", "https://example.org:port",
        "https://example.org:65536", "https://127.0.0.1:99999", "https://example.org:-1", "https://example.org:0",
        "mailto:alice@example.org", "https://%6cocalhost", "https://[fe80::1%25eth0]", "https://bücher.example",
    ])
    func `refuses what is no address`(_ text: String) {
        let problem = #expect(throws: HomeserverAddress.Problem.self) { try HomeserverAddress(text) }
        #expect(problem == .noAddress(text))
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([HomeserverAddress].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test(arguments: [
        ("https://example.org", "example.org", true), ("https://example.org:8448/x", "Example.org:8449", true),
        ("https://[::1]", "[::1]:8448", true), ("https://matrix.example.org", "example.org", false),
        ("https://example.org", "matrix.example.org", false), ("https://example.org", "", false),
    ])
    func `knows whether it is at the host of a server name`(_ text: String, _ name: String, _ isSo: Bool) throws {
        #expect(try HomeserverAddress(text).isAtHost(of: name) == isSo)
    }

    @Test func `says what to do, without repeating a novel`() {
        let long = String(repeating: "x", count: 10_000)
        #expect(HomeserverAddress.Problem.noAddress(long).description.count < 250)
        let problem = #expect(throws: HomeserverAddress.Problem.self) { try HomeserverAddress("http://example.org") }
        #expect(problem == .insecure(host: "example.org"))
        #expect(problem?.description.contains("use https") == true)
    }
}
