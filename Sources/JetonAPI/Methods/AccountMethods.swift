public struct LogIn: Method, Equatable {
    public static let name = "account.login"
    public static let summary = """
        Signs in to a homeserver and keeps the session. Give a password, a login token, or the access token of a \
        session to take over.
        """
    public static let errors: [AgentError.Kind] = [
        .homeserverError, .homeserverUnreachable, .unsupportedByHomeserver, .rateLimited, .storageFailed, .tokenBurnt,
    ]
    public static var example: MethodExample<LogIn> {
        .init(LogIn(userId: "@alice:example.org", password: Secret("…")), gives: AccountResult(account: .example))
    }

    public typealias Result = AccountResult

    public var userId: String?
    public var homeserver: String?
    public var password: Secret?
    public var loginToken: Secret?
    public var accessToken: Secret?
    public var refreshToken: Secret?
    public var deviceId: String?
    public var deviceName: String?
    public var allowUnsupported: Bool?

    public init(
        userId: String? = nil,
        homeserver: String? = nil,
        password: Secret? = nil,
        loginToken: Secret? = nil,
        accessToken: Secret? = nil,
        refreshToken: Secret? = nil,
        deviceId: String? = nil,
        deviceName: String? = nil,
        allowUnsupported: Bool? = nil
    ) {
        self.userId = userId
        self.homeserver = homeserver
        self.password = password
        self.loginToken = loginToken
        self.accessToken = accessToken
        self.refreshToken = refreshToken
        self.deviceId = deviceId
        self.deviceName = deviceName
        self.allowUnsupported = allowUnsupported
    }
}

public struct AccountResult: Codable, Sendable, Equatable {
    public var account: Account
    public init(account: Account) { self.account = account }
}

public struct ListAccounts: Method, Equatable {
    public static let name = "account.list"
    public static let summary = "Lists the accounts that the agent holds a session of, by user id."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<ListAccounts> {
        .init(ListAccounts(), gives: Result(accounts: [.example]))
    }

    public init() {}

    public struct Result: Codable, Sendable, Equatable {
        public var accounts: [Account]
        public init(accounts: [Account]) { self.accounts = accounts }
    }
}

public struct GetAccountStatus: Method, Equatable {
    public static let name = "account.status"
    public static let summary = "Tells the state of one account, after asking its homeserver."
    public static let errors: [AgentError.Kind] = [.notLoggedIn, .storageFailed]
    public static var example: MethodExample<GetAccountStatus> {
        .init(GetAccountStatus(), gives: AccountResult(account: .example))
    }

    public typealias Result = AccountResult

    public var account: String?
    public init(account: String? = nil) { self.account = account }
}

public struct SetDefaultAccount: Method, Equatable {
    public static let name = "account.set_default"
    public static let summary = "Chooses the account that requests mean which name none; it stays so over restarts."
    public static let errors: [AgentError.Kind] = [.notLoggedIn, .storageFailed]
    public static var example: MethodExample<SetDefaultAccount> {
        .init(SetDefaultAccount(account: "@alice:example.org"), gives: Nothing())
    }

    public typealias Result = Nothing

    public var account: String
    public init(account: String) { self.account = account }
}

public struct RefreshAccount: Method, Equatable {
    public static let name = "account.refresh"
    public static let summary = """
        Renews the session's tokens now. The agent does so by itself before they expire; this is for seeing that it works.
        """
    public static let errors: [AgentError.Kind] = [
        .notLoggedIn, .sessionExpired, .unsupportedByHomeserver, .rateLimited, .homeserverError, .homeserverUnreachable,
        .storageFailed,
    ]
    public static var example: MethodExample<RefreshAccount> {
        .init(RefreshAccount(account: "@alice:example.org"), gives: AccountResult(account: .example))
    }

    public typealias Result = AccountResult

    public var account: String?
    public init(account: String? = nil) { self.account = account }
}

public struct LogOut: Method, Equatable {
    public static let name = "account.logout"
    public static let summary = "Ends a session at the homeserver and forgets it here."
    public static let errors: [AgentError.Kind] = [
        .notLoggedIn, .rateLimited, .homeserverError, .homeserverUnreachable, .storageFailed,
    ]
    public static var example: MethodExample<LogOut> {
        .init(LogOut(account: "@alice:example.org"), gives: Nothing())
    }

    public typealias Result = Nothing

    public var account: String?
    public var localOnly: Bool?

    public init(account: String? = nil, localOnly: Bool? = nil) {
        self.account = account
        self.localOnly = localOnly
    }
}
