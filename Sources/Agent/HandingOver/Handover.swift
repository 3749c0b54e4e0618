internal import JetonAPI

/// A login token that is meant for one client on this machine, and for nobody else.
struct Handover: Sendable {
    /// What the client opened: consent is for this address alone.
    let ssoUrl: String
    let destination: Destination
    /// Looks again whether the one who waits is still the one whom the user is asked about.
    let check: @Sendable () async throws(AgentError) -> Void
}
