public import JetonAPI

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

    public struct Refusal: Sendable, Equatable {
        public var status: Int
        public var errcode: String?
        public var error: String?
        /// On 429: how long to wait.
        public var retryAfter: Duration?
        /// On 401: whether the device stays and only a new sign-in is wanted.
        public var softLogout: Bool

        public init(
            status: Int,
            errcode: String?,
            error: String?,
            retryAfter: Duration? = nil,
            softLogout: Bool = false
        ) {
            self.status = status
            self.errcode = errcode
            self.error = error
            self.retryAfter = retryAfter
            self.softLogout = softLogout
        }

        /// Whether it is the access token that is refused, for ever or until it is renewed.
        public var endsSession: Bool { status == 401 && errcode == "M_UNKNOWN_TOKEN" }
    }
}

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
