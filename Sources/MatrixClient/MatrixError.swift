/// What can go wrong between us and a homeserver.
public enum MatrixError: Error, Sendable, Equatable {
    /// No answer came.
    case unreachable(Failure)
    /// The homeserver refused, in the words of the specification ("Standard error response").
    case refused(Refusal)
    /// User-interactive authentication has to go on first.
    case authenticationRequired(UIAChallenge)
    /// Something answered that is no Matrix homeserver, or answered what it must not.
    case notMatrix(status: Int, detail: String)

    /// How far a request came that was not answered.
    public struct Failure: Sendable, Equatable {
        public enum Stage: String, Sendable { case dns, connect, tls, request, timeout }

        public var stage: Stage
        public var detail: String
        /// Whether the homeserver may have received the whole request and acted on it.
        public var mayHaveArrived: Bool

        public init(stage: Stage, detail: String, mayHaveArrived: Bool) {
            self.stage = stage
            self.detail = detail
            self.mayHaveArrived = mayHaveArrived
        }
    }
}
