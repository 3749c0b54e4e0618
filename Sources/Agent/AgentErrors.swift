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
            self = AgentError(
                .homeserverError,
                "\(homeserver) does not answer as a Matrix homeserver does: \(detail).",
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
            "\(account ?? "No account") is not signed in here; run `jeton login`.",
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
            "account is missing, and there are several: \(candidates.joined(separator: ", "))",
            field: "account"
        )
        error.data["candidates"] = .array(candidates.map { .string($0) })
        return error
    }

    static func sessionExpired(_ account: String, _ ending: SessionRecord.Ending) -> AgentError {
        AgentError(
            .sessionExpired,
            "The homeserver has ended the session of \(account); sign in again with `jeton login \(account)`.",
            ["account": .string(account), "soft": .boolean(ending == .softly)]
        )
    }

    static func rateLimited(_ obstacle: Obstacle, challenge: Challenge? = nil) -> AgentError {
        let seconds = (obstacle.wait.milliseconds + 999) / 1000
        let cause =
            switch (obstacle.scope, obstacle.limit) {
            case (.homeserver, _): "The homeserver wants to be left alone for now"
            case (.local, .loginToken), (.local, nil): "A login token was minted a short while ago"
            case (.local, .wrongPassword): "There were too many wrong passwords"
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
        case .unusable(let detail):
            self = .invalidParams(
                "the homeserver of \(serverName) cannot be found: \(detail); name it in homeserver",
                field: "homeserver"
            )
        case .wrong(let detail):
            self = .invalidParams("the homeserver of \(serverName) is wrong: \(detail)", field: "user_id")
        case .failed(.unreachable(let failure)):
            self = AgentError(
                .homeserverUnreachable,
                "The homeserver of \(serverName) cannot be looked up: \(failure.detail). If you know it, name it.",
                ["stage": .string(failure.stage.rawValue), "detail": .string(failure.detail)]
            )
        case .failed:
            self = .invalidParams(
                "the homeserver of \(serverName) cannot be found; name it in homeserver",
                field: "homeserver"
            )
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
