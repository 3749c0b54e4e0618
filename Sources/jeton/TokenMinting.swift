internal import Glibc
internal import JetonAPI
internal import RPCClient

/// The conversation with the agent that ends in a login token: what it asks is asked of the user.
struct TokenMinting {
    let agent: RPCClient
    let account: String
    let purpose: String?
    let readsPassword: Bool
    let waits: Bool

    /// Nobody mistypes a password more often; a script that does would only use up the agent's own limit.
    private static let maximumTries = 3

    func run() throws -> GenerateLoginToken.Result {
        var request = GenerateLoginToken(account: account, purpose: purpose)
        var tries = 0
        while true {
            do {
                return try agent.call(request)
            } catch {
                guard case .refused(let refusal) = error else { throw error }
                switch refusal.kind {
                case .authRequired:
                    if refusal.data["error"] != nil { try complain(refusal, after: tries) }
                    (request.auth, request.consent) = (try answer(refusal), nil)
                    tries += 1
                case .consentRequired: (request.auth, request.consent) = (nil, .init(challenge: try consent(refusal)))
                case .rateLimited where waits: try resume(&request, after: refusal)
                default: throw error
                }
            }
        }
    }

    /// A wrong password: once more, while there is somebody to ask.
    private func complain(_ refusal: AgentError, after tries: Int) throws {
        guard !readsPassword, tries < Self.maximumTries else {
            var failure = Failure(.refused(refusal))
            failure.status = .denied
            throw failure
        }
        Output.complain("jeton: \(refusal.message)")
    }

    private func answer(_ refusal: AgentError) throws -> [String: JSONValue] {
        guard let challenge = refusal.data["challenge"] else { throw Failure(.refused(refusal)) }
        guard Self.wantsPassword(refusal) else {
            throw Failure(.unsupported, "the homeserver wants more than a password (\(Self.stages(refusal)))")
        }
        return [
            "type": "m.login.password", "challenge": challenge, "password": .string(try password()),
            "identifier": ["type": "m.id.user", "user": .string(account)],
        ]
    }

    private func password() throws -> String {
        if readsPassword { return try StandardInput.line("password") }
        guard let terminal = Terminal() else {
            throw Failure(
                .noPrompt,
                "the homeserver wants your password, and there is no terminal; use --password-stdin"
            )
        }
        guard let password = terminal.ask("Password of \(Output.plain(account)): ", echoing: false), !password.isEmpty
        else {
            throw Failure(.denied, "nothing was entered; nothing was minted")
        }
        return password
    }

    private func consent(_ refusal: AgentError) throws -> String {
        guard let challenge = refusal.data["challenge"]?.stringValue else { throw Failure(.refused(refusal)) }
        guard let terminal = Terminal() else {
            throw Failure(.noPrompt, "you must agree to this, and there is no terminal to ask you on")
        }
        let use = purpose.map { " for \"\(Output.plain($0))\"" } ?? ""
        guard terminal.confirm("Mint a login token for \(Output.plain(account))\(use)?") else {
            throw Failure(.denied, "you did not agree; no login token was handed out")
        }
        return challenge
    }

    /// Waits until the limit is over. Where the password was right already, the challenge alone is enough then.
    private func resume(_ request: inout GenerateLoginToken, after refusal: AgentError) throws {
        let milliseconds = refusal.data["retry_after_ms"]?.integerValue ?? 0
        Output.complain("jeton: \(refusal.message) Waiting.")
        let end = ContinuousClock.now.advanced(by: .milliseconds(milliseconds))
        while ContinuousClock.now < end {
            let left = ContinuousClock.now.duration(to: end)
            usleep(useconds_t(min(max(left.milliseconds, 1), 60_000) * 1000))
        }
        if let challenge = refusal.data["challenge"], request.auth != nil { request.auth = ["challenge": challenge] }
    }

    /// Whether a flow is left that a password alone completes.
    private static func wantsPassword(_ refusal: AgentError) -> Bool {
        let completed = refusal.data["completed"] ?? []
        return flows(refusal).contains { flow in
            let left = flow.filter { stage in
                guard case .array(let done) = completed else { return true }
                return !done.contains(.string(stage))
            }
            return left == ["m.login.password"]
        }
    }

    private static func stages(_ refusal: AgentError) -> String {
        Output.plain(flows(refusal).map { $0.joined(separator: ", then ") }.joined(separator: "; or "))
    }

    private static func flows(_ refusal: AgentError) -> [[String]] {
        guard case .array(let flows)? = refusal.data["flows"] else { return [] }
        return flows.map { flow in
            guard case .array(let stages)? = flow["stages"] else { return [] }
            return stages.compactMap(\.stringValue)
        }
    }
}
