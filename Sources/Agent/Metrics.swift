public import JetonAPI
internal import Synchronization

/// What has happened since the agent started, counted. To count is an uncontended lock and an addition.
public final class Metrics: Sendable {
    private let counts: Mutex<GetMetrics.Result>

    init(since: Moment) { counts = Mutex(.init(since: since)) }

    var all: GetMetrics.Result { counts.withLock { $0 } }

    public func count(_ edit: (inout GetMetrics.Result) -> Void) { counts.withLock { edit(&$0) } }

    /// Somebody has connected, and is served or refused.
    public func countConnection(_ isServed: Bool) {
        counts.withLock { counts in
            if isServed { counts.connectionsAccepted += 1 } else { counts.connectionsRefused += 1 }
        }
    }

    /// A request was answered; nil: with its result.
    public func countRequest(_ failure: AgentError.Kind?) {
        counts.withLock { counts in
            guard let failure else { return counts.requestsAnswered += 1 }
            counts.requestsFailed += 1
            counts.failuresByKind[failure.rawValue, default: 0] += 1
        }
    }
}
