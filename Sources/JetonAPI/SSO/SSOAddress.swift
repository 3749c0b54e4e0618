/// The address that a client opens in a browser to sign in by SSO (Client-Server API, "SSO client login"): of which
/// homeserver, and where the login token shall go.
public struct SSOAddress: Sendable, Equatable {
    /// Where the client wants the browser to end, with a login token.
    public enum Redirect: Sendable, Equatable {
        /// A listener on this machine.
        case loopback(LoopbackRedirect)
        /// A website, by its origin.
        case remote(String)
        /// A program that the desktop starts for this scheme.
        case program(ProgramRedirect)
    }

    public let text: String
    /// The homeserver's origin, and what stands before `/_matrix`.
    public let homeserver: String
    public let redirect: Redirect

    /// A client's own addresses have a few hundred bytes; the rest is somebody's game.
    private static let maximumBytes = 8192

    public init(_ text: String) throws(WebAddress.Problem) {
        guard text.utf8.count <= Self.maximumBytes else {
            throw WebAddress.Problem("has more than \(Self.maximumBytes) bytes")
        }
        let address = try WebAddress(text)
        guard let prefix = Self.prefix(of: address.path) else {
            throw WebAddress.Problem(
                "is no address to sign in at, as in https://matrix.example.org/_matrix/client/v3/login/sso/redirect?…"
            )
        }
        self.text = text
        homeserver = address.origin + prefix
        let redirects = address.values(of: "redirectUrl")
        guard redirects.count == 1 else {
            throw WebAddress.Problem(redirects.isEmpty ? "has no redirectUrl" : "has several redirectUrl")
        }
        guard let redirect = redirects[0] else { throw WebAddress.Problem("has a redirectUrl that cannot be decoded") }
        self.redirect = try Self.redirect(redirect)
    }

    /// What stands before `/_matrix/client/VERSION/login/sso/redirect`, or `cas` for `sso`, an identity provider behind
    /// it or not. Nil where that is not the path.
    private static func prefix(of path: String) -> String? {
        guard let start = path.firstRange(of: "/_matrix/client/")?.lowerBound else { return nil }
        let segments = path[start...].split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        guard (6...7).contains(segments.count) else { return nil }
        let names = Array(segments)
        guard names[3] == "login", ["sso", "cas"].contains(names[4]), names[5] == "redirect", !names[2].isEmpty,
            ![".", ".."].contains(names[2]), names.count == 6 || ![".", ".."].contains(names[6])
        else { return nil }
        return String(path[..<start])
    }

    private static func redirect(_ text: String) throws(WebAddress.Problem) -> Redirect {
        guard let scheme = WebAddress.scheme(of: text) else {
            throw WebAddress.Problem("has a redirectUrl that is no address")
        }
        guard ["http", "https"].contains(scheme) else {
            return .program(try ProgramRedirect(text, scheme: scheme))
        }
        let address: WebAddress
        do {
            address = try WebAddress(text)
        } catch {
            throw WebAddress.Problem("has a redirectUrl that \(error.reason)")
        }
        guard scheme == "http", let host = LoopbackRedirect.Host(rawValue: address.host) else {
            return .remote(address.origin)
        }
        // Which of two tokens the client would take is anybody's guess: one of them could be another user's.
        guard address.values(of: "loginToken").isEmpty else {
            throw WebAddress.Problem("has a redirectUrl that brings a loginToken along")
        }
        return .loopback(LoopbackRedirect(host: host, address))
    }
}

/// A redirect to a listener on this machine, by plain http.
public struct LoopbackRedirect: Sendable, Equatable, CustomStringConvertible {
    public enum Host: String, Sendable {
        /// Either of the other two.
        case localhost
        case ipv4 = "127.0.0.1"
        case ipv6 = "[::1]"
    }

    public let host: Host
    public let port: Int
    /// Path and query, as a request has them.
    private let target: String

    init(host: Host, _ address: WebAddress) {
        self.host = host
        port = address.port
        target = (address.path.isEmpty ? "/" : address.path) + (address.query.map { "?\($0)" } ?? "")
    }

    /// The listener, without what the client keeps to itself in path and query.
    public var description: String { "http://\(authority)" }

    /// What goes into the header `Host`.
    public var authority: String { port == 80 ? host.rawValue : "\(host.rawValue):\(port)" }

    /// What is asked for there: the login token comes last, and all else stays as it is.
    public func target(bringing token: Secret) -> Secret {
        let joint = !target.contains("?") ? "?" : target.hasSuffix("?") || target.hasSuffix("&") ? "" : "&"
        return Secret("\(target)\(joint)loginToken=\(WebAddress.percentEncoded(token.reveal()))")
    }
}
