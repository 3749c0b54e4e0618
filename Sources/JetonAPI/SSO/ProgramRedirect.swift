/// A redirect to a program that the desktop opens for the addresses of a scheme, as in `im.fluffychat.auth://login`.
public struct ProgramRedirect: Sendable, Equatable, CustomStringConvertible {
    /// In lower case.
    public let scheme: String
    /// As the client has it, and what follows a `#` apart.
    private let address: String
    private let fragment: String

    /// Schemes whose addresses are no program's own business: what opens them runs what stands there, shows it, or takes
    /// it to another machine, and the login token with it.
    private static let refused: Set = [
        "about", "afp", "blob", "callto", "cid", "dav", "davs", "data", "dict", "feed", "file", "filesystem", "finger",
        "ftp", "ftps", "gemini", "git", "gopher", "imap", "imaps", "irc", "irc6", "ircs", "jar", "javascript", "ldap",
        "ldaps", "magnet", "mailto", "mms", "news", "nfs", "nntp", "pop", "rdp", "resource", "rtmp", "rtsp", "sftp",
        "sip",
        "sips", "smb", "sms", "spice", "ssh", "svn", "tel", "telnet", "vbscript", "view-source", "vnc", "webcal",
        "webcals", "ws", "wss", "xmpp",
    ]

    init(_ text: String, scheme: String) throws(WebAddress.Problem) {
        guard text.utf8.allSatisfy(WebAddress.isPlain) else {
            throw WebAddress.Problem("has a redirectUrl with a space or another character that no address has")
        }
        guard !Self.refused.contains(scheme) else {
            throw WebAddress.Problem("has a redirectUrl that leads to no client: \(scheme):…")
        }
        let address = text.prefix { $0 != "#" }
        self.scheme = scheme
        self.address = String(address)
        fragment = String(text.dropFirst(address.count))
        let query = address.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).dropFirst().first
        // Which of two tokens the client would take is anybody's guess: one of them could be another user's.
        guard WebAddress.values(of: "loginToken", in: query ?? "").isEmpty else {
            throw WebAddress.Problem("has a redirectUrl that brings a loginToken along")
        }
    }

    /// Without what the client keeps to itself.
    public var description: String { "\(scheme):" }

    /// What is to be opened: the login token comes last in the query, and all else stays as it is.
    public func address(bringing token: Secret) -> Secret {
        let joint = !address.contains("?") ? "?" : address.hasSuffix("?") || address.hasSuffix("&") ? "" : "&"
        return Secret("\(address)\(joint)loginToken=\(WebAddress.percentEncoded(token.reveal()))\(fragment)")
    }
}
