internal import FoundationEssentials
public import JetonAPI

/// The client API of one homeserver, as far as the agent needs it. Paths are those of the Matrix specification v1.19.
public struct MatrixClient: Sendable {
    public let homeserver: HomeserverAddress
    let transport: HTTPTransport
    /// Told the homeserver's own time (the header Date) with each of its answers.
    private var clockSeen: @Sendable (Moment) -> Void = { _ in }

    public init(homeserver: HomeserverAddress, transport: HTTPTransport) {
        self.homeserver = homeserver
        self.transport = transport
    }

    /// The same client, whose answers tell what time the homeserver has.
    public func watchingClock(_ seen: @escaping @Sendable (Moment) -> Void) -> MatrixClient {
        var client = self
        client.clockSeen = seen
        return client
    }

    /// One exchange: JSON there, JSON back.
    func exchange<Body: Decodable>(
        _ method: String,
        _ path: String,
        bearer: Secret? = nil,
        body: (any Encodable)? = nil,
        expecting: Body.Type
    ) async throws(MatrixError) -> Body {
        let answer = try await transport.send(
            method,
            "\(homeserver)/_matrix/client\(path)",
            bearer: bearer,
            body: body.map(Self.encode)
        )
        if let date = answer.header("date").flatMap(HTTPDate.parse) { clockSeen(Moment(date)) }
        guard answer.status == 200 else { throw ErrorAnswer.error(in: answer) }
        guard let value = Self.decode(Body.self, from: answer.body), (value as? any TokenAnswer)?.isSane ?? true else {
            throw .notMatrix(status: 200, detail: "the answer to \(method) \(path) is not as the specification has it")
        }
        return value
    }

    static func decode<Body: Decodable>(_ type: Body.Type, from bytes: [UInt8]) -> Body? {
        try? JSONCoding.decoder().decode(type, from: Data(bytes))
    }

    private static func encode(_ body: any Encodable) -> [UInt8] {
        guard let data = try? JSONCoding.encoder(secrets: .revealed).encode(body) else {
            preconditionFailure("a request body that is not JSON")
        }
        return Array(data)
    }
}

extension Moment {
    fileprivate init(_ date: Date) { self.init(millisecondsSince1970: Int64(date.timeIntervalSince1970 * 1000)) }
}

/// An answer that holds tokens. What a header cannot carry is no token, and no life is longer than ten years.
protocol TokenAnswer {
    var tokens: [Secret?] { get }
    var life: Int? { get }
}

extension TokenAnswer {
    private static var longestLife: Int { 10 * 365 * 24 * 3600 * 1000 }

    var isSane: Bool {
        tokens.allSatisfy { $0?.isPrintable ?? true } && life.map { (0...Self.longestLife).contains($0) } ?? true
    }
}

extension MatrixClient.Session: TokenAnswer {
    var tokens: [Secret?] { [accessToken, refreshToken] }
    var life: Int? { expiresInMs }
}

extension MatrixClient.Renewal: TokenAnswer {
    var tokens: [Secret?] { [accessToken, refreshToken] }
    var life: Int? { expiresInMs }
}

extension MatrixClient.MintedToken: TokenAnswer {
    var tokens: [Secret?] { [loginToken] }
    var life: Int? { expiresInMs }
}

/// An answer whose content does not matter.
struct Anything: Codable {}
