internal import FoundationEssentials

/// A way along redirects that ends: https only, no circles, no more than a few, and none into our own network.
struct Redirects: Sendable {
    /// More is a game that somebody plays with us.
    static let maximum = 5

    /// Where the way has come to.
    private(set) var url: String
    private var seen: [String]
    private let reach: Reach

    init(from url: String) {
        self.url = url
        seen = [url]
        reach = Reach(host: URL(string: url)?.host() ?? "")
    }

    /// Goes on to where an answer points; relative to where we are, as it may be (RFC 9110, section 10.2.2).
    /// - Throws: FAIL_PROMPT: the file is not to be had.
    mutating func follow(_ location: String?) throws(Discovery.Problem) {
        guard let location else { throw .unusable("\(url) redirects without saying where to") }
        guard let next = URL(string: location, relativeTo: URL(string: url))?.absoluteURL,
            next.scheme?.lowercased() == "https", let host = next.host(), !host.isEmpty, !host.contains("%"),
            next.user() == nil, next.password() == nil
        else { throw .unusable("\(url) redirects to \"\(location.prefix(128))\", which is no https address") }
        guard Reach(host: host) >= reach else {
            throw .unusable("\(url) redirects to \(host), an address of your own network")
        }
        guard !seen.contains(next.absoluteString) else { throw .unusable("\(seen[0]) redirects in a circle") }
        guard seen.count <= Self.maximum else {
            throw .unusable("\(seen[0]) redirects more than \(Self.maximum) times")
        }
        url = next.absoluteString
        seen.append(url)
    }
}
