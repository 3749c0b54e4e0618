public struct GetMetrics: Method, Equatable {
    public static let name = "agent.metrics"
    public static let summary = "Tells how often things have happened since the agent started."
    public static let errors: [AgentError.Kind] = []
    public static var example: MethodExample<GetMetrics> {
        var counts = Result(since: .example)
        counts.connectionsAccepted = 17
        counts.requestsAnswered = 41
        counts.requestsFailed = 2
        counts.failuresByKind = ["auth_required": 1, "rate_limited": 1]
        counts.tokensMinted = 1
        return .init(GetMetrics(), gives: counts)
    }

    public init() {}

    public struct Result: Codable, Sendable, Equatable {
        public var since: Moment
        public var connectionsAccepted = 0
        public var connectionsRefused = 0
        public var requestsAnswered = 0
        public var requestsFailed = 0
        public var failuresByKind: [String: Int] = [:]
        public var tokensMinted = 0
        public var tokensDropped = 0
        public var tokensUnknown = 0
        public var limitsHit = 0
        public var renewalsDone = 0
        public var renewalsFailed = 0
        public var eventsSent = 0
        public var eventsMissed = 0

        public init(since: Moment) { self.since = since }
    }
}
