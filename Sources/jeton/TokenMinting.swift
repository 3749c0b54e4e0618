internal import JetonAPI
internal import RPCClient

/// The conversation with the agent that ends in a login token: what it asks is asked of the user.
struct TokenMinting {
    let agent: RPCClient
    /// Nil where the agent does not tell.
    let account: String?
    let purpose: String?
    let waits: Bool
    /// Who asks the user, if not whom the policy says.
    let prompt: GenerateLoginToken.Prompt?
    var stages: StageAnswers

    /// What the agent allows; Ctrl-C ends it earlier.
    private static let longestWait = 86_400_000

    mutating func run() throws -> GenerateLoginToken.Result {
        var request = GenerateLoginToken(
            account: account,
            purpose: purpose,
            prompt: prompt,
            terminal: Terminal.own
        )
        while true {
            do {
                return try agent.call(request)
            } catch {
                guard case .refused(let refusal) = error else { throw error }
                switch refusal.kind {
                case .authRequired: (request.auth, request.consent) = (try stages.answer(refusal), nil)
                case .consentRequired: (request.auth, request.consent) = (nil, .init(challenge: try consent(refusal)))
                // The restricted socket takes no terminal: it may be another machine's.
                case .forbidden where request.terminal != nil: request.terminal = nil
                case .rateLimited where waits: try resume(&request, after: refusal)
                default: throw error
                }
            }
        }
    }

    private func consent(_ refusal: AgentError) throws -> String {
        guard let challenge = refusal.data["challenge"]?.stringValue else { throw Failure(.refused(refusal)) }
        guard let terminal = Terminal() else {
            throw Failure(.noPrompt, "you must agree to this, and there is no terminal to ask you on")
        }
        let use = purpose.map { " for \"\(Output.plain($0))\"" } ?? ""
        let whose = account.map { Output.plain($0) } ?? "the agent's account"
        guard terminal.confirm("Mint a login token for \(whose)\(use)?") else {
            throw Failure(.denied, "you did not agree; no login token was handed out")
        }
        return challenge
    }

    /// Lets the agent wait until the limit is over, in the order of those who wait. Where the password was right
    /// already, the challenge alone is enough then.
    private func resume(_ request: inout GenerateLoginToken, after refusal: AgentError) throws {
        // The agent would only say so again.
        guard (refusal.data["retry_after_ms"]?.integerValue ?? 0) < Self.longestWait else {
            throw Failure(.refused(refusal))
        }
        Output.complain("jeton: \(refusal.message) Waiting.")
        request.waitMs = Self.longestWait
        if let challenge = refusal.data["challenge"], request.auth != nil { request.auth = ["challenge": challenge] }
    }
}
