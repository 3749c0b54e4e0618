internal import FoundationEssentials
public import JetonAPI

/// The address on loopback that a homeserver sends the browser back to at the end of an SSO login
/// (Client-Server API, "SSO client login/authentication"), with the login token in `loginToken`.
public struct CallbackAddress: Sendable, Equatable, CustomStringConvertible {
    /// Why a text is not this address with a login token.
    public enum Problem: Error, Sendable, Equatable {
        /// No address at all: most likely the bare token.
        case noAddress
        /// An address, but not the one that this login comes back to.
        case elsewhere
        /// The right address, without a login token that could be one.
        case noToken
    }

    /// As it stands in an address: 127.0.0.1, or [::1] where there is no other loopback.
    public let host: String
    public let port: Int
    /// Nobody can guess it: whoever knows it could bring a login token of their own.
    public let path: String

    public var description: String { "http://\(host):\(port)\(path)" }

    /// The login token in a whole address, as it stands in the browser's address bar.
    public func loginToken(inAddress text: String) throws(Problem) -> Secret {
        let text = text.filter { !$0.isWhitespace }
        guard text.contains("://"), let address = URLComponents(string: text) else { throw .noAddress }
        guard address.scheme?.lowercased() == "http", address.host == host, address.port == port, address.user == nil
        else { throw .elsewhere }
        return try loginToken(in: address)
    }

    /// The login token in what a browser asks for.
    func loginToken(inTarget target: String) throws(Problem) -> Secret {
        guard target.hasPrefix("/"), !target.hasPrefix("//"), let address = URLComponents(string: target) else {
            throw .elsewhere
        }
        return try loginToken(in: address)
    }

    private func loginToken(in address: URLComponents) throws(Problem) -> Secret {
        guard address.percentEncodedPath == path else { throw .elsewhere }
        let tokens = address.queryItems?.filter { $0.name == "loginToken" } ?? []
        guard tokens.count == 1, let token = tokens.first?.value.map({ Secret($0) }), token.isPrintable else {
            throw .noToken
        }
        return token
    }
}
