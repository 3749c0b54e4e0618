internal import FoundationEssentials
internal import JetonAPI
internal import RPCClient

/// A request that the agent may answer by a question, and that goes on with what the user says to it.
protocol QuestionedRequest: Method {
    var auth: AuthDictionary? { get set }
    var consent: GenerateLoginToken.Consent? { get set }
    var terminal: CallerTerminal? { get set }
    var waitMs: Int? { get set }
}

extension GenerateLoginToken: QuestionedRequest {}
extension HandOverLoginToken: QuestionedRequest {}

/// The conversation with the agent that ends in a login token: what it asks is asked of the user.
struct TokenMinting {
    let agent: RPCClient
    let purpose: String?
    let waits: Bool
    var stages: StageAnswers
    private var hasNamedDestination = false

    init(agent: RPCClient, purpose: String?, waits: Bool, stages: StageAnswers) {
        self.agent = agent
        self.purpose = purpose
        self.waits = waits
        self.stages = stages
    }

    /// What the agent allows; Ctrl-C ends it earlier.
    private static let longestWait = 86_400_000

    mutating func run<Request: QuestionedRequest>(_ first: Request) throws -> Request.Result {
        var request = first
        while true {
            do {
                return try agent.call(request)
            } catch {
                guard case .refused(let refusal) = error else { throw error }
                if let account = refusal.data["account"]?.stringValue { stages.account = account }
                nameDestination(refusal)
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

    /// Who will be signed in where: said once, before anything is asked.
    private mutating func nameDestination(_ refusal: AgentError) {
        guard !hasNamedDestination, let json = refusal.data["destination"],
            let destination = try? JSONDecoder().decode(Destination.self, from: JSONEncoder().encode(json))
        else { return }
        hasNamedDestination = true
        Output.complain("To be signed in as \(PlainText.word(stages.account)): \(destination.words).")
    }

    private func consent(_ refusal: AgentError) throws -> String {
        guard let challenge = refusal.data["challenge"]?.stringValue else { throw Failure(.refused(refusal)) }
        guard let terminal = Terminal() else {
            throw Failure(.noPrompt, "you must agree to this, and there is no terminal to ask you on")
        }
        let use = purpose.map { " for \(PlainText.quoted($0))" } ?? ""
        let whose = stages.account.isEmpty ? "the agent's account" : PlainText.word(stages.account)
        guard terminal.confirm("Mint a login token for \(whose)\(use)?") else {
            throw Failure(.denied, "you did not agree; no login token was handed out")
        }
        return challenge
    }

    /// Lets the agent wait until the limit is over, in the order of those who wait. Where the password was right
    /// already, the challenge alone is enough then.
    private func resume(_ request: inout some QuestionedRequest, after refusal: AgentError) throws {
        // The agent would only say so again.
        guard (refusal.data["retry_after_ms"]?.integerValue ?? 0) < Self.longestWait else {
            throw Failure(.refused(refusal))
        }
        Output.complain(problem: "\(refusal.message) Waiting.")
        request.waitMs = Self.longestWait
        if let challenge = refusal.data["challenge"], request.auth != nil { request.auth = ["challenge": challenge] }
    }
}
