internal import FoundationEssentials

/// The base address of a homeserver's client API: https, or plain http on this machine alone.
public struct HomeserverAddress: Sendable, Hashable, CustomStringConvertible {
    /// Why a text is no such address.
    public enum Problem: Error, Sendable, Equatable, CustomStringConvertible {
        case noAddress(String)
        case insecure(host: String)

        public var description: String {
            switch self {
            case .noAddress(let text):
                "\"\(text.prefix(128))\" is no homeserver address; it should look like https://matrix.example.org"
            case .insecure(let host):
                "http to \(host.prefix(128)) would show passwords and tokens to the network; use https "
                    + "(http is for localhost only)"
            }
        }
    }

    /// In the one form that it has, however it was written: scheme and host in small letters, without the usual port,
    /// the dot of a full domain name, and slashes at its end. A host beyond ASCII is no address, so none has two forms.
    public let description: String
    /// IPv6 addresses in brackets.
    private let host: String

    public init(_ text: String) throws(Problem) {
        let full = text.contains("://") ? text : "https://\(text)"
        guard let url = URL(string: full), let scheme = url.scheme?.lowercased(), let host = url.host(), !host.isEmpty,
            // An escaped host could be read as another one further on.
            !host.contains("%"),
            ["http", "https"].contains(scheme), url.user() == nil, url.password() == nil,
            url.query() == nil, url.fragment() == nil, (1...65535).contains(url.port ?? 443),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { throw .noAddress(text) }
        guard scheme == "https" || Self.isLoopback(host) else { throw .insecure(host: host) }
        var name = host.lowercased()
        if name.contains(":"), !name.hasPrefix("[") { name = "[\(name)]" }
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.split(separator: ".", omittingEmptySubsequences: false).contains("") else {
            throw .noAddress(text)
        }
        let port = url.port.flatMap { $0 == (scheme == "https" ? 443 : 80) ? nil : ":\($0)" } ?? ""
        let path = full.dropFirst(scheme.count + "://".count).drop { $0 != "/" }
        var base = "\(scheme)://\(name)\(port)\(path)"
        while base.hasSuffix("/") { base.removeLast() }
        description = base
        self.host = name
    }

    /// Whether it is at the very host of a server name, where `/.well-known` says which homeserver the name has.
    public func isAtHost(of serverName: String) -> Bool { ServerName(serverName)?.host.lowercased() == host }

    /// `localhost`, 127.0.0.0/8 and ::1.
    static func isLoopback(_ host: String) -> Bool {
        let name = host.lowercased().drop { $0 == "[" }.prefix { $0 != "]" }
        if name == "localhost" || name == "::1" { return true }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false)
        // Some resolvers read a leading zero as octal, by which 0127.0.0.1 is 87.0.0.1.
        let numbers = parts.map { part in UInt8(part).flatMap { "\($0)" == part ? $0 : nil } }
        return numbers.count == 4 && numbers.first == 127 && !numbers.contains(nil)
    }
}

extension HomeserverAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            self = try HomeserverAddress(container.decode(String.self))
        } catch let problem as Problem {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(problem)")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
