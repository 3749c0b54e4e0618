internal import JetonAPI
internal import MatrixClient

/// What a homeserver must be able to do, for a log in to be of use.
extension SigningIn {
    /// Looks at what the homeserver offers, before any secret goes there.
    /// - Throws: where it signs in with OAuth 2.0, unless that is allowed, and where it does not sign in that way.
    @discardableResult
    func requireOffer(
        of type: String? = nil,
        at client: MatrixClient,
        _ terms: LoginTerms
    ) async throws(AgentError) -> Support.Offer {
        let offer = try await support.offer(at: client.homeserver)
        let finding = offer.finding
        guard finding.reason != .oauthServer || terms.allowsUnsupported else {
            throw .unsupported(.oauthServer, at: client.homeserver, url: finding.accountManagementUrl)
        }
        let types = offer.flows?.types ?? []
        guard let type, !types.contains(type) else { return offer }
        throw .loginNotOffered(type, offering: types, finding, at: client.homeserver)
    }

    /// Looks at what the homeserver says now that it knows who asks. A new session at one that turns out to sign in
    /// with OAuth 2.0 is given back, if that was not wanted; one that could not be looked at stands.
    func requireMinting(
        _ session: SessionRecord,
        by credentials: LoginCredentials,
        _ terms: LoginTerms,
        isNew: Bool
    ) async throws(AgentError) {
        // Ignoring failures: minting will look again.
        guard let finding = try? await support.look(session.userId), finding.reason == .oauthServer, isNew,
            !terms.allowsUnsupported
        else { return }
        try await accounts.passage.pass(session.userId) { () async throws(AgentError) in
            // Somebody may have signed in anew since.
            guard await accounts.session(of: session.userId)?.signInId == session.signInId else { return }
            // A session that was taken over is somebody's; one that was begun for this is nobody's.
            if credentials.beginSession { await abandon(session) }
            try await accounts.forget(session)
            await support.forget(session.userId)
        }
        throw .unsupported(.oauthServer, at: session.homeserver, url: finding.accountManagementUrl)
    }
}
