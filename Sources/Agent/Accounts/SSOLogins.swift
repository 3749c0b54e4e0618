internal import JetonAPI
internal import SSOCallback

/// The log ins that wait for a browser. Each has an address of its own on loopback, and comes to an end in five minutes.
actor SSOLogins {
    /// Opens a callback listener: at a path, for so long.
    typealias Listen = @Sendable (_ path: String, _ life: Duration) async throws -> CallbackListener

    /// One of them. Whoever waits for it holds it, so that it lasts until all have their answer.
    private final class Login {
        let id: String
        let expiresAt: Moment
        let listener: CallbackListener
        let redeem: @Sendable (Secret) async throws(AgentError) -> Account
        /// The login token is redeemed once, however many wait for what comes of it.
        var redemption: Task<Result<Account, AgentError>, Never>?

        init(
            _ id: String,
            until expiresAt: Moment,
            _ listener: CallbackListener,
            redeem: @escaping @Sendable (Secret) async throws(AgentError) -> Account
        ) {
            self.id = id
            self.expiresAt = expiresAt
            self.listener = listener
            self.redeem = redeem
        }
    }

    /// Long enough for a password manager and a second factor.
    private static let life = Duration.seconds(300)
    /// One user signs in to one account after the other.
    private static let maximum = 4

    private let listen: Listen
    private let clock: @Sendable () -> Moment
    /// Oldest first.
    private var waiting: [Login] = []

    init(listen: @escaping Listen, clock: @escaping @Sendable () -> Moment) {
        self.listen = listen
        self.clock = clock
    }

    /// Waits for a browser from now on; the oldest of too many logins ends.
    /// - Parameters:
    ///   - page: where the browser begins, by where it shall come back to.
    ///   - redeem: what to do with the login token that it brings.
    /// - Returns: what the caller is told.
    /// - Throws: `internal_error`, where there is no loopback to listen on.
    func begin(
        _ page: @Sendable (CallbackAddress) -> String,
        redeem: @escaping @Sendable (Secret) async throws(AgentError) -> Account
    ) async throws(AgentError) -> BeginSSOLogin.Result {
        let listener: CallbackListener
        do {
            // The path is not the login's name: that one is shown, this one must stay between browser and agent.
            listener = try await listen("/\(Identifier.make("sso"))", Self.life)
        } catch {
            throw .internalError("there is no address on loopback to listen on (\(error))")
        }
        let expiresAt = clock().advanced(by: Self.life)
        let login = Login(Identifier.make("s"), until: expiresAt, listener, redeem: redeem)
        dropExpired()
        if waiting.count >= Self.maximum, let oldest = waiting.first { end(oldest) }
        waiting.append(login)
        return .init(loginId: login.id, ssoUrl: page(listener.address), expiresAt: expiresAt)
    }

    /// Waits until the browser has come back, or takes where it came to from the caller.
    func finish(_ request: FinishSSOLogin) async throws(AgentError) -> Account {
        dropExpired()
        guard let login = waiting.first(where: { $0.id == request.loginId }) else { throw .ssoLoginGone }
        if let address = request.callbackUrl {
            do {
                try login.listener.take(address: address.reveal())
            } catch {
                throw AgentError(error, awaiting: login.listener.address)
            }
        }
        guard let token = await login.listener.loginToken() else {
            if Task.isCancelled { throw .withdrawn }
            // One that was ended before its time is no longer in the list.
            let isTimedOut = waiting.contains { $0 === login } || login.expiresAt <= clock()
            end(login)
            throw isTimedOut ? .ssoLoginTimedOut : .ssoLoginGone
        }
        return try await redeem(token, for: login)
    }

    private func redeem(_ token: Secret, for login: Login) async throws(AgentError) -> Account {
        if let redemption = login.redemption { return try await redemption.value.get() }
        // Whoever was cancelled while the token arrived leaves it to the others, and to those who come later.
        if Task.isCancelled { throw .withdrawn }
        let work = login.redeem
        // Unstructured, as several may wait for it.
        let redemption = Task { () async -> Result<Account, AgentError> in
            do throws(AgentError) {
                return .success(try await work(token))
            } catch {
                return .failure(error)
            }
        }
        login.redemption = redemption
        end(login)
        return try await redemption.value.get()
    }

    /// Nobody waits any more.
    func endAll() { for login in waiting { end(login) } }

    private func dropExpired() {
        let now = clock()
        for login in waiting where login.expiresAt <= now { end(login) }
    }

    private func end(_ login: Login) {
        login.listener.close()
        waiting.removeAll { $0 === login }
    }
}
