internal import JetonAPI

/// What a caller that waits for a limit has to know before its turn comes.
extension Minter {
    /// Which account a request is about.
    func account(
        for request: Request,
        over socket: Caller.Socket,
        _ handover: Handover? = nil
    ) async throws(AgentError) -> String {
        let challenge = try challenges.answered(by: request, over: socket, for: handover?.ssoUrl, at: clock())
        return try await accounts.find(challenge?.account ?? request.account)
    }

    /// The same as far as it can be told, without taking the request as an answer: for the record.
    func accountNamed(by request: Request) async -> String? {
        if let challenge = challenges.named(by: request, at: clock()) { return challenge.account }
        return (try? await accounts.find(request.account)) ?? request.account
    }

    /// The challenge that a request brings is there as long as the request waits, until it is released.
    /// - Returns: it, besides those that the request holds already.
    func hold(by request: Request, besides held: [String]) -> [String] {
        guard let id = challenges.named(by: request, at: clock())?.id, !held.contains(id) else { return held }
        challenges.hold(id)
        return held + [id]
    }

    func release(_ challenges: [String]) { for id in challenges { self.challenges.release(id) } }

    /// Why a caller went away empty-handed whose turn did not come in time.
    func outOfPatience(_ account: String) async throws(AgentError) -> AgentError {
        // A permit that somebody holds may yet go back: while the account is in use, no limit counts.
        if !gate.isBusy(account) { try await book.check(account, for: nil, by: nil) }
        return AgentError(.busy, "Others wait for the same limit, and came first.", ["limit": "login_token"])
    }
}
