internal import JetonAPI

/// What a log in is proved with.
enum LoginCredentials: Sendable {
    case password(user: String, Secret)
    case loginToken(Secret)
    /// A session that somebody else has begun.
    case session(accessToken: Secret, refreshToken: Secret?, deviceId: String?)

    /// Whether the session is begun by them, and not taken over.
    var beginSession: Bool { if case .session = self { false } else { true } }

    /// - Throws: `invalid_params`, where there are none, several, or such as cannot be right.
    init(_ request: LogIn) throws(AgentError) {
        let given = [request.password, request.loginToken, request.accessToken].count { $0 != nil }
        guard given == 1 else {
            let problem = "exactly one of password, login_token and access_token must be given"
            throw .invalidParams(problem, field: "password")
        }
        guard request.accessToken != nil || (request.refreshToken == nil && request.deviceId == nil) else {
            throw .invalidParams("refresh_token and device_id belong to access_token", field: "refresh_token")
        }
        try Self.check(request.loginToken, "login_token")
        try Self.check(request.accessToken, "access_token")
        try Self.check(request.refreshToken, "refresh_token")
        if let password = request.password {
            guard let user = request.userId else { throw .invalidParams("user_id is missing", field: "user_id") }
            self = .password(user: user, password)
        } else if let loginToken = request.loginToken {
            self = .loginToken(loginToken)
        } else if let accessToken = request.accessToken {
            self = .session(
                accessToken: accessToken,
                refreshToken: request.refreshToken,
                deviceId: request.deviceId
            )
        } else {
            preconditionFailure("one of the three is given")
        }
    }

    /// The tokens of Synapse and of the Matrix Authentication Service say what they are. They are often confused, and
    /// a homeserver would only say that it does not know them.
    private static let kinds = [
        "syl_": "login_token", "syt_": "access_token", "mat_": "access_token", "mct_": "access_token",
        "syr_": "refresh_token", "mar_": "refresh_token", "mcr_": "refresh_token",
    ]

    private static func check(_ token: Secret?, _ field: String) throws(AgentError) {
        guard let token else { return }
        guard token.isPrintable else {
            throw .invalidParams("\(field) must consist of visible ASCII characters", field: field)
        }
        if let kind = kinds[String(token.reveal().prefix(4))], kind != field {
            throw .invalidParams("\(field) has the looks of another token; give it as \(kind)", field: field)
        }
    }
}
