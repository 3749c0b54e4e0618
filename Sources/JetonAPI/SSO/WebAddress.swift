/// An address of the web, taken apart by the letter. Whatever two readers might read in two ways is refused: who checks
/// it and who opens it must mean the same place.
public struct WebAddress: Sendable, Equatable {
    /// What is wrong with a text: a sentence without its subject and its full stop.
    public struct Problem: Error, Sendable, Equatable {
        public let reason: String
        init(_ reason: String) { self.reason = reason }
    }

    /// In lower case, as are all letters of `host`.
    public let scheme: String
    /// IPv6 addresses in their brackets.
    public let host: String
    public let port: Int
    /// As it stands there; empty or beginning with a slash.
    public let path: String
    /// As it stands there, without its question mark.
    public let query: String?

    /// Scheme, host and port: what a homeserver is told apart by.
    public var origin: String {
        let usual = scheme == "https" ? 443 : 80
        return "\(scheme)://\(host)" + (port == usual ? "" : ":\(port)")
    }

    /// What follows a `#` never leaves a browser, and is left out.
    public init(_ text: String) throws(Problem) {
        guard text.utf8.allSatisfy(Self.isPlain) else {
            throw Problem("has a space or another character that no address has")
        }
        guard let scheme = Self.scheme(of: text), ["http", "https"].contains(scheme) else {
            throw Problem("begins with neither https:// nor http://")
        }
        let rest = text.dropFirst(scheme.count + 1)
        guard rest.hasPrefix("//") else { throw Problem("begins with neither https:// nor http://") }
        let authority = rest.dropFirst(2).prefix { !"/?#".contains($0) }
        guard !authority.contains("@") else { throw Problem("has a user name before its host, which only misleads") }
        (host, port) = try Self.parts(of: authority, usualPort: scheme == "https" ? 443 : 80)
        self.scheme = scheme
        let target = rest.dropFirst(2 + authority.count).prefix { $0 != "#" }
        let path = target.prefix { $0 != "?" }
        self.path = String(path)
        query = path.count == target.count ? nil : String(target.dropFirst(path.count + 1))
    }

    /// What stands before the first colon, if that can be a scheme (RFC 3986, section 3.1), in lower case.
    static func scheme(of text: String) -> String? {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let scheme = text[..<colon].lowercased()
        guard let first = scheme.utf8.first, isLetter(first),
            scheme.utf8.allSatisfy({ isLetter($0) || isDigit($0) || "+-.".utf8.contains($0) })
        else { return nil }
        return scheme
    }

    /// The values of a name in the query, decoded as forms are; nil for one that cannot be decoded.
    func values(of name: String) -> [String?] { Self.values(of: name, in: (query ?? "")[...]) }

    static func values(of name: String, in query: Substring) -> [String?] {
        query.split(separator: "&").compactMap { pair -> String?? in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard Self.decoded(parts[0]) == name else { return nil }
            return .some(parts.count > 1 ? Self.decoded(parts[1]) : "")
        }
    }

    private static func parts(of authority: Substring, usualPort: Int) throws(Problem) -> (String, Int) {
        let isBracketed = authority.hasPrefix("[")
        let end = isBracketed ? authority.firstIndex(of: "]").map { authority.index(after: $0) } : nil
        let host = authority[..<(end ?? authority.firstIndex(of: ":") ?? authority.endIndex)]
        let rest = authority[host.endIndex...]
        let name = isBracketed ? host.dropFirst().dropLast() : host
        let isHost = name.utf8.allSatisfy { byte in
            isBracketed
                ? isDigit(byte) || (0x61...0x66).contains(byte | 0x20) || ":.".utf8.contains(byte)
                : isLetter(byte) || isDigit(byte) || "-._".utf8.contains(byte)
        }
        guard !name.isEmpty, isHost, !isBracketed || end != nil else { throw Problem("has no host that could be one") }
        guard !rest.isEmpty else { return (host.lowercased(), usualPort) }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), (1...5).contains(digits.count), digits.utf8.allSatisfy(isDigit),
            let port = Int(digits), (1...65535).contains(port)
        else { throw Problem("has a port that is none") }
        return (host.lowercased(), port)
    }

    /// Browsers take a backslash for a slash, and cut control characters out.
    static func isPlain(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !"\"<>\\^`{|}".utf8.contains(byte)
    }

    static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) }
    static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
}
