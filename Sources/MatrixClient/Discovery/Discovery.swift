internal import FoundationEssentials

/// Finds the homeserver of a user id (Client-Server API, "Well-known URI").
///
/// Whoever owns a server name may say where its homeserver is, but not that it is on this machine or in this network,
/// unless the name is of there itself: a password that follows would go to whatever listens here. That goes for
/// redirects too. It concerns addresses and `localhost`; another name is believed wherever it leads, for TLS makes sure
/// that whoever answers is called so, and the look-up itself carries no secret.
public struct Discovery: Sendable {
    /// Why the homeserver of a server name is not known: the specification's outcomes but for IGNORE, after which the
    /// server name itself is tried.
    public enum Problem: Error, Sendable, Equatable {
        /// There is nothing to ask: this cannot be the name of a server.
        case noServerName(String)
        /// PROMPT: nothing is said of a homeserver, and the server name is none; the user has to know.
        case unknown(String)
        /// FAIL_PROMPT: the file is there and cannot be used; the user may know better.
        case unusable(String)
        /// FAIL_ERROR: the file names what cannot be a homeserver, and no guess is made.
        case wrong(String)
        /// No answer, or that now is not the moment: the same look-up may succeed later.
        case failed(MatrixError, at: HomeserverAddress)
    }

    private let transport: HTTPTransport
    private let port: Int

    /// - Parameters:
    ///   - transport: for the look-up, which sends nothing but GETs without a token.
    ///   - port: where server names are asked; 443 except in tests, which cannot listen there.
    public init(transport: HTTPTransport, port: Int = 443) {
        self.transport = transport
        self.port = port
    }

    /// Looks `/.well-known/matrix/client` up and makes sure that a homeserver answers where it points.
    /// - Parameter serverName: what follows the first colon of a user id.
    /// - Returns: an address where `/versions` was answered.
    /// - Throws: the specification's outcomes other than IGNORE, and failures that may pass.
    public func homeserver(of serverName: String) async throws(Problem) -> HomeserverAddress {
        guard let name = ServerName(serverName) else {
            throw .noServerName(serverName)
        }
        // On the standard port, whatever port the server name has.
        let own = try Self.address(port == 443 ? "https://\(name.host)" : "https://\(name.host):\(port)")
        guard let file = try await wellKnown(of: own) else {
            // IGNORE: no such file, so the server name is the homeserver's name.
            try await requireHomeserver(at: own) {
                .unknown("\(own) names no homeserver in /.well-known/matrix/client and is none itself (\($0))")
            }
            return own
        }
        let found = try homeserver(in: file, reach: Reach(host: name.host))
        try await requireHomeserver(at: found) {
            .wrong("\(found), where \(name.host) leads, does not answer as a Matrix homeserver does (\($0))")
        }
        return found
    }

    private func homeserver(in file: WellKnown, reach: Reach) throws(Problem) -> HomeserverAddress {
        // Unlike a user, a file does not leave the scheme out.
        guard file.baseUrl.contains("://"), let host = URL(string: file.baseUrl)?.host() else {
            throw .wrong("its m.homeserver.base_url \"\(file.baseUrl.prefix(128))\" is no URL")
        }
        guard Reach(host: host) >= reach else {
            throw .wrong("its m.homeserver.base_url \"\(file.baseUrl.prefix(128))\" is an address of your own network")
        }
        return try Self.address(file.baseUrl)
    }

    /// Nil where there is no such file.
    private func wellKnown(of server: HomeserverAddress) async throws(Problem) -> WellKnown? {
        var redirects = Redirects(from: "\(server)/.well-known/matrix/client")
        while true {
            let answer: HTTPTransport.Answer
            do {
                answer = try await transport.send("GET", redirects.url)
            } catch {
                throw .failed(error, at: server)
            }
            switch answer.status {
            case 200: return try WellKnown(answer.body, from: redirects.url)
            case 404: return nil
            case 301, 302, 303, 307, 308: try redirects.follow(answer.header("location"))
            default: throw .unusable("\(redirects.url) answers with status \(answer.status)")
            }
        }
    }

    private func requireHomeserver(
        at address: HomeserverAddress,
        orElse problem: (_ reason: String) -> Problem
    ) async throws(Problem) {
        do {
            _ = try await MatrixClient(homeserver: address, transport: transport).versions()
        } catch {
            if error.isPassing { throw .failed(error, at: address) }
            let reason =
                switch error {
                case .refused(let refusal): "status \(refusal.status) at /_matrix/client/versions"
                case .notMatrix(_, let detail): detail
                case .unreachable, .authenticationRequired: "it asks for authentication at /_matrix/client/versions"
                }
            throw problem(reason)
        }
    }

    private static func address(_ text: String) throws(Problem) -> HomeserverAddress {
        do {
            return try HomeserverAddress(text)
        } catch {
            throw .wrong("\(error)")
        }
    }
}
