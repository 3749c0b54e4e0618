internal import JetonAPI
internal import MatrixClient

/// One call of `login_token.generate`, or what `login_token.hand_over` makes of its own, looked through.
struct Minting: Sendable {
    let account: String
    /// As it was said first: a request that answers a challenge need not repeat it.
    let purpose: String?
    var request: GenerateLoginToken
    let requester: Requester
    let socket: Caller.Socket
    /// Whether the user is asked by the agent's own prompt, whatever the homeserver asks.
    let isByPrompt: Bool
    /// To whom the token goes, if not to the requester.
    let handover: Handover?
    /// Whose word the request holds.
    var speaker = Speaker.requester

    /// The stage that the caller answers; nil where the challenge comes alone.
    var stage: String? { request.auth?["type"]?.stringValue }

    /// Whether what was answered so far tells that it is the user: with the stage that the request answers. One that comes
    /// without has been done in a browser.
    func proves(_ uia: UIAChallenge) -> Bool {
        guard let stage else { return uia.verifiesUser }
        return UIAChallenge.proofs.contains(stage) || !UIAChallenge.proofs.isDisjoint(with: uia.completed)
    }

    /// The caller's authentication dictionary with the homeserver's session in place of our challenge.
    func auth(in uia: UIAChallenge) -> [String: JSONValue] { uia.answer(by: request.auth ?? [:]) }
}
