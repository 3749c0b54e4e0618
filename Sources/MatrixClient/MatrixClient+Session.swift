public import JetonAPI

/// Signing in and out, and what lies between.
extension MatrixClient {
    /// How a user shows who they are (POST /login).
    public enum Credentials: Sendable {
        /// `user` is a full user id or its local part.
        case password(user: String, Secret)
        case loginToken(Secret)
    }

    /// A session that the homeserver has begun.
    public struct Session: Decodable, Sendable, Equatable {
        public var userId: String
        public var accessToken: Secret
        public var deviceId: String
        public var refreshToken: Secret?
        /// The life of the access token, from when it was asked for.
        public var expiresInMs: Int?
    }

    /// Begins a session here, where it also stays: the answer's `well_known` is not followed, although the specification
    /// advises it. This address has just shown that it is right; another one would be given the new tokens on the word
    /// of a setting that is often wrong (Synapse's `public_baseurl`, with localhost or plain http in it).
    /// - Parameters:
    ///   - credentials: sent with this one request, and kept nowhere.
    ///   - deviceID: the device to sign in again; nil for a new one.
    ///   - deviceName: what a new device is called in the user's list of sessions.
    ///   - isRenewable: whether a refresh token is wanted; without one an access token lives longer.
    /// - Returns: the session, with a refresh token where the homeserver gives one.
    /// - Throws: `refused` with 403 for wrong credentials, whatever is wrong with them.
    public func logIn(
        _ credentials: Credentials,
        deviceID: String? = nil,
        deviceName: String? = nil,
        isRenewable: Bool = true
    ) async throws(MatrixError) -> Session {
        struct Identifier: Encodable {
            var type = "m.id.user"
            var user: String
        }
        struct Body: Encodable {
            var type: String
            var identifier: Identifier?
            var password: Secret?
            var token: Secret?
            var deviceId: String?
            var initialDeviceDisplayName: String?
            var refreshToken: Bool
        }
        var body =
            switch credentials {
            case .password(let user, let password):
                Body(
                    type: "m.login.password",
                    identifier: Identifier(user: user),
                    password: password,
                    refreshToken: isRenewable
                )
            case .loginToken(let token): Body(type: "m.login.token", token: token, refreshToken: isRenewable)
            }
        body.deviceId = deviceID
        body.initialDeviceDisplayName = deviceName
        return try await exchange("POST", "/v3/login", body: body, expecting: Session.self)
    }

    /// Whose access token this is (GET /account/whoami).
    public struct Owner: Decodable, Sendable, Equatable {
        public var userId: String
        public var deviceId: String?
    }

    public func whoAmI(_ accessToken: Secret) async throws(MatrixError) -> Owner {
        try await exchange("GET", "/v3/account/whoami", bearer: accessToken, expecting: Owner.self)
    }

    /// A new pair of tokens (POST /refresh).
    public struct Renewal: Decodable, Sendable, Equatable {
        public var accessToken: Secret
        /// Nil where the old one goes on.
        public var refreshToken: Secret?
        public var expiresInMs: Int?
    }

    public func refresh(_ refreshToken: Secret) async throws(MatrixError) -> Renewal {
        struct Body: Encodable { var refreshToken: Secret }
        let body = Body(refreshToken: refreshToken)
        return try await exchange("POST", "/v3/refresh", body: body, expecting: Renewal.self)
    }

    /// Ends the session. One that has ended for good counts as success; one whose access token has expired has not.
    public func logOut(_ accessToken: Secret) async throws(MatrixError) {
        do {
            _ = try await exchange(
                "POST",
                "/v3/logout",
                bearer: accessToken,
                body: Anything(),
                expecting: Anything.self
            )
        } catch {
            guard case .refused(let refusal) = error, refusal.endsSession, !refusal.softLogout else { throw error }
        }
    }
}
