internal import JetonAPI

/// A login token that is meant for a listener on this machine, and for nobody else.
struct Handover: Sendable {
    /// What the client opened: consent is for this address alone.
    let ssoUrl: String
    let destination: Destination
    /// Looks again whether the listener is ours.
    let check: @Sendable () async throws(AgentError) -> Void
}
