internal import JetonAPI
internal import MatrixClient

/// Whether homeservers mint login tokens. Never asked of get_token itself: that could mint.
actor Support {
    typealias Finding = GetLoginTokenSupport.Result

    private let accounts: Accounts
    private let transport: HTTPTransport
    private let clock: @Sendable () -> Moment
    /// A yes is believed until a request meets a 404; a no is looked at again each time.
    private var available: Set<String> = []

    init(accounts: Accounts, transport: HTTPTransport, clock: @escaping @Sendable () -> Moment) {
        self.accounts = accounts
        self.transport = transport
        self.clock = clock
    }

    /// - Throws: `unsupported_by_homeserver`, with the reason.
    func require(_ account: String) async throws(AgentError) {
        if available.contains(account) { return }
        let finding = try await look(account)
        guard !finding.supported, let session = await accounts.session(of: account) else { return }
        throw .unsupported(finding.reason, at: session.homeserver, url: finding.accountManagementUrl)
    }

    /// What is believed of this account's homeserver is looked at again next time.
    func forget(_ account: String) { available.remove(account) }

    /// Asks the homeserver of an account, and remembers the answer.
    func look(_ account: String) async throws(AgentError) -> Finding {
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        let capability: Bool?
        let clocks = ClockComparison(clock)
        do throws(SessionFailure) {
            capability = try await accounts.authorized(account) { client, accessToken throws(MatrixError) in
                try await client.watchingClock(clocks.note).loginTokenCapability(accessToken)
            }
        } catch {
            throw error.agentError(at: session.homeserver)
        }
        let finding = try await look(at: session.homeserver, capability: capability, clocks).finding
        if finding.supported { available.insert(account) } else { available.remove(account) }
        try await accounts.note(account) {
            $0.support = finding.reason
            $0.accountManagementUrl = finding.accountManagementUrl
        }
        return finding
    }

    /// What a homeserver offers to somebody who has no session there yet.
    struct Offer: Sendable {
        /// How it signs in; nil where it has no login flows, as OAuth 2.0 servers may.
        var flows: MatrixClient.LoginFlows?
        var finding: Finding
    }

    func offer(at homeserver: HomeserverAddress) async throws(AgentError) -> Offer {
        try await look(at: homeserver, capability: nil, ClockComparison(clock))
    }

    private func look(
        at homeserver: HomeserverAddress,
        capability: Bool?,
        _ clocks: ClockComparison
    ) async throws(AgentError) -> Offer {
        var offer = try await offer(at: homeserver, capability: capability, clocks)
        offer.finding.clockOffsetMs = clocks.offset?.milliseconds
        return offer
    }

    private func offer(
        at homeserver: HomeserverAddress,
        capability: Bool?,
        _ clocks: ClockComparison
    ) async throws(AgentError) -> Offer {
        let client = MatrixClient(homeserver: homeserver, transport: transport).watchingClock(clocks.note)
        do {
            if capability == true {
                return Offer(finding: Finding(supported: true, reason: .available, capability: true))
            }
            // A website answers 404 to everything: that is no reason to take it for a homeserver.
            _ = try await client.versions()
            // An OAuth 2.0 server need not have login flows at all.
            let flows = try await flows(of: client)
            if capability == nil, let flows, flows.mintsLoginTokens, !flows.prefersOAuth {
                return Offer(flows: flows, finding: Finding(supported: true, reason: .available, loginFlow: true))
            }
            let metadata = try await client.authMetadata()
            let isOAuth = metadata != nil || flows == nil || flows?.prefersOAuth == true
            // Who has the switch says so; who says nothing may never have heard of it.
            let reason: SupportReason = isOAuth ? .oauthServer : capability == false ? .switchedOff : .unknownServer
            let finding = Finding(
                supported: false,
                reason: reason,
                capability: capability,
                loginFlow: flows?.mintsLoginTokens,
                accountManagementUrl: metadata?.accountManagementUri
            )
            return Offer(flows: flows, finding: finding)
        } catch {
            throw AgentError(error, at: homeserver)
        }
    }

    /// Nil where the homeserver has no login flows (404).
    private func flows(of client: MatrixClient) async throws(MatrixError) -> MatrixClient.LoginFlows? {
        do {
            return try await client.loginFlows()
        } catch {
            switch error {
            case .refused(let refusal) where refusal.status == 404: return nil
            case .notMatrix(let status, _) where status == 404: return nil
            default: throw error
            }
        }
    }
}
