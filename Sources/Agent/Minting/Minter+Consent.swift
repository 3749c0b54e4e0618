internal import JetonAPI
internal import Logging

/// Our own question, where the homeserver has none.
extension Minter {
    /// Asks by the policy, before anything is minted.
    func ask(_ minting: Minting, _ session: SessionRecord) async throws(AgentError) -> Request.Result {
        guard !minting.isByPrompt, policy(minting.account) == .none else {
            throw .consentRequired(openConsent(nil, minting))
        }
        logger.notice("minting unasked, as the policy has it", metadata: ["account": "\(minting.account)"])
        return try await mint(minting, session, answering: nil)
    }

    /// The homeserver minted without a question: the token is sealed, and our own question decides.
    func unseal(
        _ token: Challenge.SealedToken,
        _ minting: Minting,
        _ session: SessionRecord
    ) async throws(AgentError) -> Request.Result {
        await note(.absent, of: minting.account)
        guard !minting.isByPrompt, policy(minting.account) == .none else {
            throw .consentRequired(openConsent(token, minting))
        }
        logger.notice("minting unasked, as the policy has it", metadata: ["account": "\(minting.account)"])
        return try deliver(token, of: session)
    }

    /// A question of ours, put to whom the policy trusts with it.
    private func openConsent(_ token: Challenge.SealedToken?, _ minting: Minting) -> Challenge {
        open(.consent(token), minting, isForPrompt: minting.isByPrompt || policy(minting.account) != .caller)
    }

    /// Mints where the homeserver asks nothing and everybody else has agreed.
    func mint(
        _ minting: Minting,
        _ session: SessionRecord,
        answering challenge: Challenge?
    ) async throws(AgentError) -> Request.Result {
        switch try await post(minting, session, auth: nil, answering: challenge) {
        case .minted(let token): return try deliver(token, of: session)
        // The homeserver has begun to ask: its question replaces ours.
        case .wants(let uia): throw await asked(uia, minting, session)
        case .forgotten(let error): throw AgentError(error, at: session.homeserver)
        }
    }
}
