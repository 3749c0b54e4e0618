internal import NIOCore

/// From how far away a host can be reached, as its name alone tells.
enum Reach: Sendable, Comparable {
    /// This machine.
    case machine
    /// A private network, or the link alone (RFC 1918, 3927, 4193, 4291, 6598).
    case network
    /// Everywhere, as far as is known: a name may be anything, and TLS then sees to it that it is who it says.
    case world

    /// - Parameter host: of a URL, IPv6 addresses with or without their brackets.
    init(host: String) {
        let name = host.lowercased().drop { $0 == "[" }.prefix { $0 != "]" }
        if name.contains(":") {
            // Read and written again, every address has but one form. What is none leads nowhere.
            let address = try? SocketAddress(ipAddress: String(name), port: 0)
            self = address?.ipAddress.map(Self.init(ipv6:)) ?? .machine
        } else {
            let labels = name.split(separator: ".")
            self = labels.last == "localhost" ? .machine : Self(labels: labels)
        }
    }

    /// Resolvers take whatever ends in a number for an IPv4 address, also 127.1, 0x7f000001 and 2130706433.
    private init(labels: [Substring]) {
        guard let last = labels.last, last.hasPrefix("0x") || last.allSatisfy(\.isNumber) else {
            self = .world
            return
        }
        let numbers = labels.compactMap { label in UInt8(label).flatMap { "\($0)" == label ? $0 : nil } }
        guard numbers.count == 4, labels.count == 4 else {
            self = .machine
            return
        }
        switch (numbers[0], numbers[1]) {
        case (0, _), (127, _): self = .machine
        case (10, _), (172, 16...31), (192, 168), (169, 254), (100, 64...127): self = .network
        default: self = .world
        }
    }

    private init(ipv6 address: String) {
        let first = address.prefix { $0 != ":" }
        if address.contains("."), let colon = address.lastIndex(of: ":") {
            // An IPv4 address within.
            self.init(host: String(address[address.index(after: colon)...]))
        } else if address == "::1" || address == "::" {
            self = .machine
        } else if first.count == 4, ["fc", "fd", "fe"].contains(where: first.hasPrefix) {
            self = .network
        } else {
            self = .world
        }
    }
}
