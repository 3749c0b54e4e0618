internal import JetonAPI

/// One call of `device.sign_out`.
struct SignOut: Sendable {
    var request: SignOutDevice
    let requester: Requester
    /// Whether the request holds what the user has said at the agent's own prompt.
    var isPromptsWord = false

    /// Whether the user is asked by the agent's own prompt, whatever the homeserver asks.
    var isByPrompt: Bool { request.prompt == .agent }
}
