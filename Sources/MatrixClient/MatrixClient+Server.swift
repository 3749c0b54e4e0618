public import JetonAPI

/// What a homeserver says about itself.
extension MatrixClient {
    /// The versions of the specification that the homeserver supports (GET /versions). That there is one shows that a
    /// Matrix homeserver answers; which ones is no reason to refuse it.
    public func versions() async throws(MatrixError) -> [String] {
        struct Body: Decodable { var versions: [String] }
        let versions = try await exchange("GET", "/versions", expecting: Body.self).versions
        guard !versions.isEmpty else {
            throw .notMatrix(status: 200, detail: "the answer to GET /versions lists no version")
        }
        return versions
    }

    /// The capability `m.get_login_token`; nil where the homeserver does not mention it, which means no.
    public func loginTokenCapability(_ accessToken: Secret) async throws(MatrixError) -> Bool? {
        struct Switch: Decodable { var enabled: Bool }
        struct Capabilities: Decodable {
            var getLoginToken: Switch?
            enum CodingKeys: String, CodingKey { case getLoginToken = "m.getLoginToken" }
        }
        struct Body: Decodable { var capabilities: Capabilities }
        let body = try await exchange("GET", "/v3/capabilities", bearer: accessToken, expecting: Body.self)
        return body.capabilities.getLoginToken?.enabled
    }

    /// The OAuth 2.0 server's metadata (v1.15, GET /auth_metadata); nil where the homeserver has none.
    public func authMetadata() async throws(MatrixError) -> AuthMetadata? {
        do {
            return try await exchange("GET", "/v1/auth_metadata", expecting: AuthMetadata.self)
        } catch {
            // Older servers do not know the path, and say so in JSON or by a page, whatever its status.
            if error.isUnrecognized { return nil }
            guard case .notMatrix = error, !error.isPassing else { throw error }
            return nil
        }
    }

    public struct AuthMetadata: Decodable, Sendable, Equatable {
        public var issuer: String
        public var accountManagementUri: String?
    }
}
