internal import Glibc
internal import JetonAPI
internal import RPCClient

/// Waits until a login token is used or its life is over, and says by whom.
struct RedemptionWait {
    let agent: RPCClient

    /// What the user has to know of a new session, whoever began it.
    static let unverified = """
        The new session is not verified for end-to-end encryption yet: it reads no earlier messages, and warns others. \
        Verify it there, by another session of yours or by your recovery key.
        """

    /// Redemptions are noticed so late, if the token was used in its last moment.
    private static let delay: useconds_t = 6_000_000

    /// - Throws: where the agent cannot tell. Call it before the token is minted: what is told meanwhile is kept.
    init(_ agent: RPCClient) throws {
        self.agent = agent
        _ = try agent.call(SubscribeToEvents(types: [.loginTokenRedeemed, .loginTokenExpired]))
    }

    /// - Throws: `timedOut`, where nobody has used it.
    func run(_ token: GenerateLoginToken.Result) throws {
        while try !isUsed(token) {
            guard Moment.now < token.expiresAt else {
                usleep(Self.delay)
                if try isUsed(token) { return }
                throw Failure(.timedOut, "nobody has used the login token, as far as is known, and its life is over")
            }
            guard try agent.nextNotification() != nil else { throw Failure(.agentUnreachable, "the agent has stopped") }
        }
    }

    /// Looks, and says by whom.
    private func isUsed(_ token: GenerateLoginToken.Result) throws -> Bool {
        let found = try agent.call(ListLoginTokens(account: token.userId)).tokens.first { $0.tokenId == token.tokenId }
        let devices = found?.redeemedBy.map { [$0] } ?? found?.candidates ?? []
        if !devices.isEmpty { Self.tell(token.tokenId, devices) }
        return !devices.isEmpty
    }

    private static func tell(_ tokenId: String, _ devices: [Redeemer]) {
        let names = devices.map(\.line).joined(separator: ", or ")
        Output.complain("Signed in: \(names). If that was not you: jeton revoke --token \(tokenId)")
        Output.complain(unverified)
    }
}
