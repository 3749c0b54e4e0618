/// A small Matrix homeserver on loopback, for demonstrations and tests.
///
/// It speaks real HTTP and answers as Synapse 1.163.2 does for logging in, refreshing, user-interactive authentication
/// and minting login tokens. It is a toy: passwords and tokens are in memory and in the clear, nothing is rationed but
/// minting, nothing is ever written to disk, there is no TLS. Never let it listen anywhere but on loopback.
///
/// It serves until `stop()`, also when nobody else holds it any more.
public actor DevHomeserver {
    /// A request that came in; never bodies, tokens or queries.
    public struct SeenRequest: Sendable, Equatable {
        public var method: String
        public var path: String
        /// 0: it was never answered.
        public var status: Int
    }

    /// What a path does instead of its work.
    public enum Misbehaviour: Sendable, Equatable {
        case answer(status: Int, contentType: String, body: String, headers: [String: String])
        /// Does nothing and never answers.
        case stall
        /// Does the work and never answers.
        case stallAfterHandling
        /// Does the work and answers only so much later.
        case delay(Duration)
        /// Does the work and answers only after `letGo()`.
        case hold
    }

    /// The request log, oldest first; the newest 10,000, so that a server left running stays small.
    public private(set) var seenRequests: [SeenRequest] = []
    private static let longestLog = 10_000

    private let clock: @Sendable () -> ContinuousClock.Instant
    private var homeserver: Homeserver
    private var misbehaviours: [String: Misbehaviour] = [:]
    private var held: [CheckedContinuation<Void, Never>] = []
    private var listener: Listener?
    private var hasListened = false
    /// Kept over a stop, so that clients find the server again.
    private var port: UInt16
    /// For a port that was ours: a process that is just being started has our listening socket, too, until its program
    /// runs, and meanwhile somebody may have been given the port.
    static let patience = Duration.seconds(10)

    /// `clock` can be set by tests, which then need not wait for tokens to expire.
    public init(
        options: Options = Options(),
        clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }
    ) {
        self.clock = clock
        self.homeserver = Homeserver(options: options, at: clock())
        self.port = options.port
    }

    /// Adds an account, or changes the password of one.
    public func add(user localpart: String, password: String) {
        homeserver.passwords.set(password, for: localpart)
    }

    /// Adds an access token that somebody got from the OAuth server.
    public func add(accessToken: String, of localpart: String) {
        homeserver.tokens.adopt(accessToken, of: localpart)
    }

    /// A locked account keeps its sessions, which are refused until it is unlocked.
    public func setLocked(_ isLocked: Bool, _ localpart: String) {
        if isLocked { homeserver.locked.insert(localpart) } else { homeserver.locked.remove(localpart) }
    }

    /// Ends an account for good, and all its sessions.
    public func deactivate(_ localpart: String) {
        homeserver.deactivated.insert(localpart)
        endSessions(of: localpart)
    }

    /// From now on their tokens of all kinds are unknown.
    public func endSessions(of localpart: String) {
        homeserver.end(localpart, device: nil)
    }

    /// Switches features while the server runs; all but `port` take effect at once, that one never.
    public func change(_ edit: @Sendable (inout Options) -> Void) {
        edit(&homeserver.options)
    }

    /// Listens on 127.0.0.1, and on ::1 where the machine has it; returns `http://localhost:PORT`.
    public func start() async throws -> String {
        if listener == nil {
            let patience = hasListened ? Self.patience : .zero
            let opened = try await Listener.open(port: port, patience: patience) { await self.respond(to: $0) }
            if listener == nil {
                listener = opened
                port = opened.port
                hasListened = true
            } else {
                // Somebody else started it meanwhile.
                await opened.close()
            }
        }
        homeserver.baseURL = "http://localhost:\(port)/"
        return "http://localhost:\(port)"
    }

    /// Closes the listener and every open connection; accounts, sessions and limits stay for the next `start()`.
    public func stop() async {
        let closing = listener
        listener = nil
        letGo()
        await closing?.close()
    }

    /// Makes a path, written without a query, misbehave, or one method on it, as in `POST /path`; nil: behave again.
    public func misbehave(on path: String, _ how: Misbehaviour?) {
        misbehaviours[path] = how
    }

    /// Answers what is held; later requests are held as before.
    public func letGo() {
        for answer in held { answer.resume() }
        held = []
    }

    /// From now on they answer `M_UNKNOWN_TOKEN` with `soft_logout` true; refresh tokens stay good.
    public func expireAccessTokens(of localpart: String) {
        homeserver.tokens.expireAccessTokens(of: localpart, at: clock())
    }

    public func forgetUIASessions() {
        homeserver.authentication.forgetSessions()
    }

    private func respond(to request: Request) async -> Answer? {
        var answer: Answer?
        let misbehaviour = misbehaviours["\(request.method) \(request.path)"] ?? misbehaviours[request.path]
        switch misbehaviour {
        case nil:
            answer = homeserver.answer(request, at: clock())
        case .answer(let status, let contentType, let body, let headers):
            answer = Answer(status: status, contentType: contentType, headers: headers, body: body)
        case .stall:
            answer = nil
        case .stallAfterHandling:
            _ = homeserver.answer(request, at: clock())
            answer = nil
        case .delay, .hold:
            answer = homeserver.answer(request, at: clock())
        }
        if answer?.headers["Date"] == nil { answer?.headers["Date"] = HTTPDate.now(homeserver.options.clockOffset) }
        if seenRequests.count == Self.longestLog { seenRequests.removeFirst() }
        seenRequests.append(
            SeenRequest(method: request.method, path: request.path, status: answer?.status ?? 0)
        )
        if case .delay(let pause) = misbehaviour { try? await Task.sleep(for: pause) }
        if misbehaviour == .hold { await withCheckedContinuation { held.append($0) } }
        return answer
    }
}
