public import JetonAPI

/// What user-interactive authentication asks for (Client-Server API, "User-Interactive Authentication API").
public struct UIAChallenge: Sendable, Equatable {
    /// A completed session mints again without a password for days: it never leaves the agent.
    public var session: Secret?
    /// Each flow is a list of stages, to be done in order.
    public var flows: [[String]]
    public var params: JSONValue
    public var completed: [String]
    public var errcode: String?
    public var error: String?

    public init(
        session: Secret?,
        flows: [[String]],
        params: JSONValue = [:],
        completed: [String] = [],
        errcode: String? = nil,
        error: String? = nil
    ) {
        self.session = session
        self.flows = flows
        self.params = params
        self.completed = completed
        self.errcode = errcode
        self.error = error
    }
}
