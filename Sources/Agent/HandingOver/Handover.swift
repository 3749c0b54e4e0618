internal import JetonAPI

/// A login token that is meant for a listener on this machine, and for nobody else.
struct Handover: Sendable {
    /// What the client opened: consent is for this address alone.
    let ssoUrl: String
    let destination: Destination
    /// The socket that listened there when it was asked for; nil where no listener is meant.
    var listener: Int?
    /// Looks again whether the listener is ours.
    let check: @Sendable () async throws(AgentError) -> Void
}
