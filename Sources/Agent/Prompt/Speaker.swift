/// Whose word a request holds.
enum Speaker: Sendable {
    case requester
    /// The user, at the agent's own prompt.
    case prompt
    /// Somebody who answers in the requester's stead, from another terminal for instance.
    case elsewhere
}
