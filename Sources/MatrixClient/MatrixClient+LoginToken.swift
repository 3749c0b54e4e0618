public import JetonAPI

extension MatrixClient {
    /// A login token as the homeserver minted it.
    public struct MintedToken: Decodable, Sendable, Equatable {
        public var loginToken: Secret
        public var expiresInMs: Int
    }

    /// Mints a login token (v1.7, POST /login/get_token, under v1 alone). Never a mere question: a homeserver that
    /// has user-interactive authentication switched off mints at once.
    /// - Parameters:
    ///   - accessToken: of the user who shall be signed in elsewhere.
    ///   - auth: the authentication dictionary, `session` included; nil begins.
    /// - Returns: the token and its life in milliseconds.
    /// - Throws: `authenticationRequired` where the user has to be asked first.
    public func getLoginToken(
        _ accessToken: Secret,
        auth: [String: JSONValue]?
    ) async throws(MatrixError) -> MintedToken {
        struct Body: Encodable { var auth: [String: JSONValue]? }
        return try await exchange(
            "POST",
            "/v1/login/get_token",
            bearer: accessToken,
            body: Body(auth: auth),
            expecting: MintedToken.self
        )
    }
}
