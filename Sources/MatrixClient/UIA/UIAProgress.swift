/// How far user-interactive authentication has come. That `completed` has grown is not enough: it may name stages that
/// no flow asks for, so it only counts beside the flows.
public struct UIAProgress: Sendable, Equatable {
    /// Each flow is a list of stages, to be done in order.
    public let flows: [[String]]
    public let completed: Set<String>

    public init(flows: [[String]], completed: [String]) {
        self.flows = flows
        self.completed = Set(completed)
    }

    /// The stages of a flow that are still to be done, in order.
    public func left(in flow: [String]) -> [String] { flow.filter { !completed.contains($0) } }

    /// The flows that make the most of what is done already; any other would do the user's work again.
    public var openFlows: [[String]] {
        let gains = flows.map { Set($0).intersection(completed).count }
        let most = gains.max() ?? 0
        return zip(flows, gains).filter { $1 == most }.map(\.0)
    }

    /// The stages that may come next, one for each open flow, each named once.
    public var nextStages: [String] {
        var stages: [String] = []
        for stage in openFlows.compactMap({ left(in: $0).first }) where !stages.contains(stage) { stages.append(stage) }
        return stages
    }

    /// Whether a flow has come to its end: the request need only be repeated with the session.
    public var isDone: Bool { flows.contains { left(in: $0).isEmpty } }
}

extension UIAChallenge {
    public var progress: UIAProgress { UIAProgress(flows: flows, completed: completed) }
}
