internal import JetonAPI

/// One call of `device.sign_out`, looked through.
struct SignOut: Sendable {
    let account: String
    var request: SignOutDevice
    let requester: Requester
    /// Whose word the request holds.
    var speaker = Speaker.requester

    /// Whether the user is asked by the agent's own prompt, whatever the homeserver asks.
    var isByPrompt: Bool { request.prompt == .agent }
}
