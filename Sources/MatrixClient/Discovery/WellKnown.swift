internal import JetonAPI

/// The file `/.well-known/matrix/client` of a server name. An identity server that it names is nothing to us, and so
/// hinders nobody, whatever is wrong with it.
struct WellKnown: Sendable, Equatable {
    /// As it stands there.
    let baseUrl: String

    /// - Parameters:
    ///   - body: what was answered with 200.
    ///   - url: where.
    /// - Throws: FAIL_PROMPT, saying what is wrong.
    init(_ body: [UInt8], from url: String) throws(Discovery.Problem) {
        guard body.contains(where: { !" \t\r\n".utf8.contains($0) }) else { throw .unusable("\(url) is empty") }
        guard let value = MatrixClient.decode(JSONValue.self, from: body) else {
            throw .unusable("\(url) is not JSON")
        }
        guard case .object = value else { throw .unusable("\(url) is no JSON object") }
        guard let homeserver = value["m.homeserver"] else { throw .unusable("\(url) names no m.homeserver") }
        guard let baseUrl = homeserver["base_url"] else { throw .unusable("\(url) has no m.homeserver.base_url") }
        guard let text = baseUrl.stringValue else {
            throw .unusable("m.homeserver.base_url of \(url) is no string")
        }
        self.baseUrl = text
    }
}
