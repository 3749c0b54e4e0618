internal import FoundationEssentials

/// Finds the homeserver of a user id (Client-Server API, "Well-known URI").
public struct Discovery: Sendable {
    /// Why the homeserver of a server name is not known.
    public enum Problem: Error, Sendable, Equatable {
        /// FAIL_PROMPT: the file is there and cannot be used; the user may know better.
        case unusable(String)
        /// FAIL_ERROR: the file names what cannot be a homeserver.
        case wrong(String)
        case failed(MatrixError)
    }

    private let transport: HTTPTransport

    /// More is a loop, or somebody's game.
    private static let maximumRedirects = 5

    public init(transport: HTTPTransport) { self.transport = transport }

    /// Looks `/.well-known/matrix/client` up and makes sure that a homeserver answers where it points.
    /// - Parameter serverName: what follows the first colon of a user id.
    /// - Returns: an address where `/versions` was answered.
    /// - Throws: the specification's outcomes other than IGNORE and PROMPT.
    public func homeserver(of serverName: String) async throws(Problem) -> HomeserverAddress {
        let host = Self.withoutPort(serverName)
        let start = "https://\(host)/.well-known/matrix/client"
        guard (try? HomeserverAddress("https://\(host)")) != nil else {
            throw .wrong("\"\(serverName.prefix(128))\" is no server name")
        }
        let found = try await address(at: start, fallback: "https://\(host)")
        do {
            _ = try await MatrixClient(homeserver: found, transport: transport).versions()
        } catch {
            guard case .unreachable = error else {
                throw .wrong("\(found) does not answer as a Matrix homeserver does")
            }
            throw .failed(error)
        }
        return found
    }

    private func address(at start: String, fallback: String) async throws(Problem) -> HomeserverAddress {
        let answer = try await follow(start)
        // IGNORE: no such file, so the server name is the homeserver's name.
        if answer.status == 404 { return try Self.address(fallback) }
        struct Body: Decodable {
            struct Homeserver: Decodable { var baseUrl: String }
            var homeserver: Homeserver
            enum CodingKeys: String, CodingKey { case homeserver = "m.homeserver" }
        }
        guard answer.status == 200 else { throw .unusable("\(start) answers with status \(answer.status)") }
        guard let body = MatrixClient.decode(Body.self, from: answer.body) else {
            throw .unusable("\(start) names no m.homeserver.base_url")
        }
        return try Self.address(body.homeserver.baseUrl)
    }

    private func follow(_ start: String) async throws(Problem) -> HTTPTransport.Answer {
        var url = start
        for _ in 0...Self.maximumRedirects {
            let answer: HTTPTransport.Answer
            do {
                answer = try await transport.send("GET", url)
            } catch {
                throw .failed(error)
            }
            guard (300..<400).contains(answer.status), let location = answer.header("location") else { return answer }
            guard let next = URL(string: location, relativeTo: URL(string: url))?.absoluteURL, next.scheme == "https"
            else {
                throw .unusable("\(url) redirects to \"\(location.prefix(128))\", which is no https address")
            }
            url = next.absoluteString
        }
        throw .unusable("\(start) redirects more than \(Self.maximumRedirects) times")
    }

    private static func address(_ text: String) throws(Problem) -> HomeserverAddress {
        do {
            return try HomeserverAddress(text)
        } catch {
            throw .wrong("\(error)")
        }
    }

    /// The well-known file is looked for on the standard port, whatever port the server name has.
    private static func withoutPort(_ serverName: String) -> String {
        guard let colon = serverName.lastIndex(of: ":"), !serverName.hasSuffix("]") else { return serverName }
        return String(serverName[..<colon])
    }
}
