internal import JetonAPI
internal import MatrixClient

/// One call of `login_token.generate`, looked through.
struct Minting: Sendable {
    let account: String
    /// As it was said first: a request that answers a challenge need not repeat it.
    let purpose: String?
    var request: GenerateLoginToken
    let requester: Requester
    let socket: Caller.Socket
    /// Whether the user is asked by the agent's own prompt, whatever the homeserver asks.
    let isByPrompt: Bool
    /// Whether the request holds what the user said there.
    var isPromptsWord = false

    /// The stage that the caller answers; nil where the challenge comes alone.
    var stage: String? { request.auth?["type"]?.stringValue }

    /// The caller's authentication dictionary with the homeserver's session in place of our challenge.
    func auth(in uia: UIAChallenge) -> [String: JSONValue] {
        var auth = request.auth ?? [:]
        auth["challenge"] = nil
        auth["session"] = uia.session.map { .string($0.reveal()) }
        // Synapse 1.163.2 fails with 500 where the phone's older name, `number`, is missing.
        if case .object(var identifier)? = auth["identifier"], identifier["type"] == "m.id.phone" {
            identifier["number"] = identifier["number"] ?? identifier["phone"]
            auth["identifier"] = .object(identifier)
        }
        return auth
    }
}
