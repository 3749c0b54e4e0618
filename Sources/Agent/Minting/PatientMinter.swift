internal import JetonAPI
internal import Logging

/// Minting as the socket offers it: whoever is ready to wait for a limit waits here, and what came of it is counted and
/// told.
struct PatientMinter: Sendable {
    typealias Request = GenerateLoginToken

    let minter: Minter
    let book: MintBook
    let events: EventHub
    let expiries: ExpiryWatch
    let metrics: Metrics
    let pause: Pause
    let stop: Stop
    let logger: Logger
    let line: WaitingLine

    /// A day: nobody waits longer for a login token.
    private static let longestWait = 86_400_000

    init(
        minter: Minter,
        book: MintBook,
        events: EventHub,
        expiries: ExpiryWatch,
        metrics: Metrics,
        pause: @escaping Pause,
        stop: Stop,
        logger: Logger
    ) {
        self.minter = minter
        self.book = book
        self.events = events
        self.expiries = expiries
        self.metrics = metrics
        self.pause = pause
        self.stop = stop
        self.logger = logger
        line = WaitingLine(pause: pause)
    }

    func generate(
        _ request: Request,
        for requester: Requester,
        over socket: Caller.Socket,
        _ handover: Handover? = nil
    ) async throws(AgentError) -> Request.Result {
        let patience = request.waitMs ?? 0
        guard (0...Self.longestWait).contains(patience) else {
            throw .invalidParams("wait_ms must be from 0 to \(Self.longestWait)", field: "wait_ms")
        }
        // For the record, and now: a challenge may be gone afterwards.
        let account = await minter.accountNamed(by: request)
        do throws(AgentError) {
            let result =
                if patience == 0 {
                    try await minter.generate(request, for: requester, over: socket, handover)
                } else {
                    try await wait(.milliseconds(patience), for: request, requester, socket, handover)
                }
            if Task.isCancelled {
                logger.notice(
                    "the requester has gone: its login token is dropped",
                    metadata: ["account": "\(result.userId)"]
                )
                metrics.count { $0.tokensDropped += 1 }
                throw .withdrawn
            }
            await delivered(result)
            return result
        } catch {
            note(error, request, requester)
            record(error, of: account, requester, handover?.destination)
            throw error
        }
    }

    /// Waits for a limit, and keeps the challenges meanwhile with which it waits.
    private func wait(
        _ patience: Duration,
        for request: Request,
        _ requester: Requester,
        _ socket: Caller.Socket,
        _ handover: Handover?
    ) async throws(AgentError) -> Request.Result {
        var held: [String] = []
        let outcome: Result<Request.Result, AgentError>
        do throws(AgentError) {
            outcome = .success(try await wait(patience, for: request, requester, socket, handover, holding: &held))
        } catch {
            outcome = .failure(error)
        }
        await minter.release(held)
        return try outcome.get()
    }

    /// Tries again each time when the limit says so: as the first in line, never before its time. A limit of the
    /// requester's own is waited for outside the line, where it keeps nobody else waiting.
    private func wait(
        _ patience: Duration,
        for request: Request,
        _ requester: Requester,
        _ socket: Caller.Socket,
        _ handover: Handover?,
        holding held: inout [String]
    ) async throws(AgentError) -> Request.Result {
        var request = request
        let account = try await minter.account(for: request, over: socket, handover)
        // A default that is chosen meanwhile is for later requests.
        request.account = account
        held = await minter.hold(by: request, besides: held)
        let deadline = ContinuousClock.now.advanced(by: patience)
        func left() -> Duration { ContinuousClock.now.duration(to: deadline) }

        var isFirst = false
        defer { if isFirst { line.leave(account) } }
        while true {
            if !isFirst {
                let patience = left()
                guard await stop.cutsShort({ [line] in await line.enter(account, within: patience) }) == true else {
                    try stop.check()
                    throw try await minter.outOfPatience(account)
                }
                isFirst = true
            }
            do throws(AgentError) {
                return try await minter.generate(request, for: requester, over: socket, handover)
            } catch {
                guard error.kind == .rateLimited, let milliseconds = error.data["retry_after_ms"]?.integerValue else {
                    throw error
                }
                let wait = Duration.milliseconds(max(1, milliseconds))
                // What takes longer than the caller will wait is told at once.
                guard wait <= left() else { throw error }
                // The user has agreed already: the challenge alone goes on.
                if let challenge = error.data["challenge"] {
                    (request.auth, request.consent) = (["challenge": challenge], nil)
                    held = await minter.hold(by: request, besides: held)
                }
                let limit = error.data["limit"]?.stringValue.flatMap(RateLimit.Name.init)
                if limit == .requester || limit == .restrictedSocket {
                    line.leave(account)
                    isFirst = false
                }
                _ = await stop.cutsShort { [pause] in try? await pause(wait) }
                try stop.check()
            }
        }
    }

    private func delivered(_ token: Request.Result) async {
        metrics.count { $0.tokensMinted += 1 }
        guard let entry = await book.tokens(of: [token.userId]).first(where: { $0.tokenId == token.tokenId }) else {
            return
        }
        events.publish(LoginTokenIssued(entry))
        await expiries.plan()
    }

    private func note(_ failure: AgentError, _ request: Request, _ requester: Requester) {
        switch failure.kind {
        case .rateLimited:
            metrics.count { $0.limitsHit += 1 }
            events.publish(RateLimitHit(account: request.account, error: failure.data, requester: requester))
        case .outcomeUnknown: metrics.count { $0.tokensUnknown += 1 }
        default: break
        }
    }
}
