public struct BeginSSOLogin: Method, Equatable {
    public static let name = "account.login_sso"
    public static let summary = """
        Begins a sign-in in the browser (SSO): gives the address to open there, and waits on loopback for the browser \
        to come back. Finish it with account.login_sso_finish.
        """
    public static let errors: [AgentError.Kind] = [
        .homeserverError, .homeserverUnreachable, .unsupportedByHomeserver, .rateLimited,
    ]
    public static var example: MethodExample<BeginSSOLogin> {
        .init(
            BeginSSOLogin(userId: "@alice:example.org"),
            gives: Result(
                loginId: "s-Vj8pQ1XeR0mZ5wLkT2yB7g",
                ssoUrl: "https://matrix.example.org/_matrix/client/v3/login/sso/redirect?redirectUrl=…",
                expiresAt: .example
            )
        )
    }

    public var userId: String?
    public var homeserver: String?
    public var idp: String?
    public var deviceName: String?
    public var allowUnsupported: Bool?

    public init(
        userId: String? = nil,
        homeserver: String? = nil,
        idp: String? = nil,
        deviceName: String? = nil,
        allowUnsupported: Bool? = nil
    ) {
        self.userId = userId
        self.homeserver = homeserver
        self.idp = idp
        self.deviceName = deviceName
        self.allowUnsupported = allowUnsupported
    }

    public struct Result: Codable, Sendable, Equatable {
        public var loginId: String
        public var ssoUrl: String
        public var expiresAt: Moment

        public init(loginId: String, ssoUrl: String, expiresAt: Moment) {
            self.loginId = loginId
            self.ssoUrl = ssoUrl
            self.expiresAt = expiresAt
        }
    }
}

public struct FinishSSOLogin: Method, Equatable {
    public static let name = "account.login_sso_finish"
    public static let summary = """
        Waits until the browser has come back, then keeps the session. Where the browser cannot reach the agent, give \
        the address that it came to in callback_url.
        """
    public static let errors: [AgentError.Kind] = [
        .homeserverError, .homeserverUnreachable, .unsupportedByHomeserver, .rateLimited, .consentTimeout,
        .storageFailed, .tokenBurnt,
    ]
    public static var example: MethodExample<FinishSSOLogin> {
        .init(FinishSSOLogin(loginId: "s-Vj8pQ1XeR0mZ5wLkT2yB7g"), gives: AccountResult(account: .example))
    }

    public typealias Result = AccountResult

    public var loginId: String
    /// It holds a login token.
    public var callbackUrl: Secret?

    public init(loginId: String, callbackUrl: Secret? = nil) {
        self.loginId = loginId
        self.callbackUrl = callbackUrl
    }
}
