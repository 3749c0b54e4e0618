internal import JetonAPI
internal import MatrixClient
internal import Vault

/// The one place where the errors of the outside worlds become the API's.
extension AgentError {
    init(_ error: MatrixError, at homeserver: HomeserverAddress) {
        switch error {
        case .unreachable(let failure):
            self = AgentError(
                .homeserverUnreachable,
                "\(homeserver) cannot be reached: \(failure.detail).",
                ["stage": .string(failure.stage.rawValue), "detail": .string(failure.detail)]
            )
        case .refused(let refusal) where refusal.status == 429:
            let wait = max(refusal.retryAfter ?? .zero, .seconds(1))
            self = .rateLimited(Obstacle(scope: .homeserver, limit: nil, wait: wait))
        case .refused(let refusal): self = .refused(refusal, at: homeserver)
        case .authenticationRequired:
            let status: [String: JSONValue] = ["http_status": 401]
            self = AgentError(.homeserverError, "\(homeserver) asks for a password where it should not.", status)
        case .notMatrix(let status, let detail):
            let problem =
                error.isPassing ? "is out of order; try again later" : "does not answer as a Matrix homeserver does"
            self = AgentError(
                .homeserverError,
                "\(homeserver) \(problem): \(detail).",
                ["http_status": .integer(status), "detail": .string(detail)]
            )
        }
    }

    static func storageFailed(_ problem: StorageProblem) -> AgentError {
        AgentError(
            .storageFailed,
            "The agent's state could not be saved: \(problem).",
            ["path": .string(problem.path), "detail": .string(problem.detail)]
        )
    }

    static func notLoggedIn(_ account: String? = nil) -> AgentError {
        AgentError(
            .notLoggedIn,
            account.map { "\($0) is not signed in here; run `jeton login`." }
                ?? "No account is signed in here; run `jeton login`.",
            account.map { ["account": .string($0)] } ?? [:]
        )
    }

    static func unknownAccount(_ account: String, known: [String]) -> AgentError {
        var error = notLoggedIn(account)
        if !known.isEmpty {
            error.message = "\(account) is not signed in here; these are: \(known.joined(separator: ", "))."
        }
        return error
    }

    static func ambiguousAccount(_ candidates: [String]) -> AgentError {
        var error = invalidParams(
            """
            account is missing, and there are several: \(candidates.joined(separator: ", ")); name one, or choose a \
            default with `jeton accounts default`
            """,
            field: "account"
        )
        error.data["candidates"] = .array(candidates.map { .string($0) })
        return error
    }

    /// A name that is no full user id; where it can be one of those that are known, they are told.
    static func incompleteAccount(_ name: String, known: [String]) -> AgentError {
        let bare = name.drop { $0 == "@" }
        let candidates = known.filter { $0.dropFirst() == bare || $0.dropFirst().hasPrefix("\(bare):") }
        let hint =
            candidates.isEmpty
            ? ", as in @alice:example.org" : "; did you mean \(candidates.joined(separator: " or "))?"
        var error = invalidParams("account must be a full user id\(hint)", field: "account")
        if candidates.isEmpty { return error }
        error.message = "account must be a full user id\(hint)"
        error.data["candidates"] = .array(candidates.map { .string($0) })
        return error
    }

    static func sessionExpired(_ account: String, _ trouble: Trouble) -> AgentError {
        let cause = trouble.cause(of: account)
        var told: [String: JSONValue] = [
            "reason": .string(cause.reason.rawValue), "detail": .string(cause.detail),
            "at": .string(cause.at.description),
        ]
        told["errcode"] = cause.errcode.map { .string($0) }
        return AgentError(
            .sessionExpired,
            cause.detail,
            ["account": .string(account), "soft": .boolean(trouble.state != .signedOut), "cause": .object(told)]
        )
    }

    /// The session has no refresh token, or the homeserver has stopped to take them.
    static func notRenewable(_ account: String) -> AgentError {
        AgentError(
            .unsupportedByHomeserver,
            "The session of \(account) cannot be renewed: its homeserver gives or takes no refresh tokens.",
            ["reason": "no_refresh_tokens"]
        )
    }

    static func rateLimited(_ obstacle: Obstacle, challenge: Challenge? = nil) -> AgentError {
        let seconds = (obstacle.wait.milliseconds + 999) / 1000
        let cause =
            switch (obstacle.scope, obstacle.limit) {
            case (.homeserver, _): "The homeserver wants to be left alone for now"
            case (.local, .loginToken), (.local, nil): "A login token was minted a short while ago"
            case (.local, .wrongPassword): "There were too many wrong passwords"
            case (.local, .restrictedSocket): "The user has refused what was last asked for over the restricted socket"
            case (.local, .requester): "This program has had a login token a short while ago"
            }
        var data: [String: JSONValue] = [
            "scope": .string(obstacle.scope.rawValue), "retry_after_ms": .integer(obstacle.wait.milliseconds),
        ]
        data["limit"] = obstacle.limit.map { .string($0.rawValue) }
        data["challenge"] = challenge.map { .string($0.id) }
        return AgentError(.rateLimited, "\(cause); try again in \(seconds) s.", data)
    }
}

extension AgentError {
    init(_ problem: Discovery.Problem, of serverName: String) {
        switch problem {
        case .noServerName(let name):
            self = .invalidParams(
                "\"\(name.prefix(128))\" is no server name; user_id must look like @alice:example.org",
                field: "user_id"
            )
        case .unknown(let detail):
            self = .invalidParams(
                "the homeserver of \(serverName) is not known: \(detail); name it in homeserver",
                field: "homeserver"
            )
        case .unusable(let detail):
            self = .invalidParams(
                "the homeserver of \(serverName) cannot be found: \(detail); name it in homeserver",
                field: "homeserver"
            )
        case .wrong(let detail):
            self = .invalidParams(
                "the homeserver of \(serverName) is wrong: \(detail); ask its administrator",
                field: "user_id"
            )
        case .failed(.unreachable(let failure), _):
            self = AgentError(
                .homeserverUnreachable,
                "The homeserver of \(serverName) cannot be looked up: \(failure.detail). If you know it, name it.",
                ["stage": .string(failure.stage.rawValue), "detail": .string(failure.detail)]
            )
        case .failed(let error, let homeserver): self = AgentError(error, at: homeserver)
        }
    }
}

extension HomeserverAddress {
    /// - Throws: `invalid_params` for `homeserver`.
    static func named(_ text: String) throws(AgentError) -> HomeserverAddress {
        do {
            return try HomeserverAddress(text)
        } catch {
            throw .invalidParams("\(error)", field: "homeserver")
        }
    }
}
