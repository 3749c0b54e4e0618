internal import Glibc
internal import JetonAPI
internal import Processes
internal import RPCClient

/// How long a login token is good for something: until it was used, or its life is over, or nobody wants to wait.
struct TokenLife {
    enum End {
        case used([Redeemer])
        case over
        /// As by Ctrl-C.
        case signal(CInt)
    }

    let tokenId: String
    let account: String
    let expiresAt: Moment
    /// The agent's.
    let socket: String

    static let endings = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    /// From now on signals are held back, so that whatever is to be done at the end is done.
    static func wakening() -> Wakening { Wakening(endings, watches: true) }

    /// Waits. Where no agent tells what becomes of the token, only its time counts.
    func end(_ wakening: Wakening) -> End {
        let agent = try? RPCClient(path: socket, patience: .seconds(10))
        var isTold = (try? agent?.call(SubscribeToEvents(types: [.loginTokenRedeemed]))) != nil
        if let agent { wakening.watch(agent.descriptor) }
        while true {
            if isTold, let agent {
                do {
                    let users = try users(agent)
                    if !users.isEmpty { return .used(users) }
                } catch {
                    isTold = false
                }
            }
            switch wakening.next(within: Moment.now.duration(to: expiresAt)) {
            case .signal(let signal): return .signal(signal)
            case .readable: continue
            case .timeIsOver where Moment.now < expiresAt: continue
            case .timeIsOver: return .over
            }
        }
    }

    private func users(_ agent: RPCClient) throws -> [Redeemer] {
        let found = try agent.call(ListLoginTokens(account: account)).tokens.first { $0.tokenId == tokenId }
        return found?.redeemedBy.map { [$0] } ?? found?.candidates ?? []
    }
}
