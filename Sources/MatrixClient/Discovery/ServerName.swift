/// What follows the first colon of a user id: a host and perhaps a port (Appendices, "Server Name").
struct ServerName: Sendable, Equatable {
    /// IPv6 addresses in brackets.
    let host: String
    /// For federation alone: clients are not served there.
    let port: Int?

    init?(_ text: String) {
        var host = text[...]
        port = Self.port(behind: &host)
        guard host.utf8.count <= 255, Self.isAddress(host) || Self.isName(host) else { return nil }
        self.host = String(host)
    }

    /// Cuts `:8448` off. What is no port stays, and makes the host wrong.
    private static func port(behind host: inout Substring) -> Int? {
        guard let colon = host.lastIndex(of: ":"), !host.hasSuffix("]") else { return nil }
        let digits = host[host.index(after: colon)...]
        guard (1...5).contains(digits.utf8.count), digits.utf8.allSatisfy(isDigit), let port = Int(digits),
            (1...65535).contains(port)
        else { return nil }
        host = host[..<colon]
        return port
    }

    private static func isAddress(_ host: Substring) -> Bool {
        guard host.hasPrefix("["), host.hasSuffix("]") else { return false }
        let address = host.dropFirst().dropLast()
        return (2...45).contains(address.utf8.count)
            && address.utf8.allSatisfy { isDigit($0) || (0x61...0x66).contains($0 | 0x20) || ":.".utf8.contains($0) }
    }

    private static func isName(_ host: Substring) -> Bool {
        !host.isEmpty
            && host.utf8.allSatisfy { isDigit($0) || (0x61...0x7A).contains($0 | 0x20) || "-.".utf8.contains($0) }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
