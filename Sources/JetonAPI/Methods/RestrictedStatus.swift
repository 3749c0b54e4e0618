/// `agent.status` as the restricted socket answers it: whether the agent is of use, and nothing about whose it is.
public struct GetRestrictedStatus: Method, Equatable {
    public static let name = GetAgentStatus.name
    public static let summary = "Tells the version of the agent, and whether it is locked."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<GetRestrictedStatus> {
        let result = Result(version: releaseVersion, apiVersion: JetonAPI.apiVersion, lockedBy: [])
        return .init(GetRestrictedStatus(), gives: result)
    }

    public init() {}

    /// Whether the agent has answered `agent.status` over its restricted socket.
    public static func isAnswer(_ answer: JSONValue) -> Bool {
        guard case .object(let members) = answer else { return false }
        return Set(members.keys) == ["version", "api_version", "locked_by"]
    }

    public struct Result: Codable, Sendable, Equatable {
        public var version: String
        public var apiVersion: Int
        public var lockedBy: [Lock]

        public init(version: String, apiVersion: Int, lockedBy: [Lock]) {
            self.version = version
            self.apiVersion = apiVersion
            self.lockedBy = lockedBy
        }
    }
}
