public import JetonAPI

/// Which method is answered by what.
extension Agent {
    public var methods: MethodTable<Caller> {
        var table = MethodTable<Caller>()
        table.answered = metrics.countRequest
        table.serve(Ping.self, always: Nothing())
        table.serve(GetAgentStatus.self) { _, _ in await status() }
        table.serve(LockAgent.self) { _, caller throws(AgentError) in
            try await userLock.lock(by: caller.peer.requester())
            return Nothing()
        }
        table.serve(UnlockAgent.self) { request, caller throws(AgentError) in
            try Self.requireOwnTerminal(request.terminal, of: caller.peer)
            try await userLock.unlock(request, by: caller.requester())
            return Nothing()
        }
        table.serve(LogIn.self) { request, _ throws(AgentError) in
            AccountResult(account: try await signingIn.logIn(request))
        }
        table.serve(BeginSSOLogin.self) { request, _ throws(AgentError) in try await signingIn.beginSSO(request) }
        table.serve(FinishSSOLogin.self) { request, _ throws(AgentError) in
            AccountResult(account: try await ssoLogins.finish(request))
        }
        table.serve(ListAccounts.self) { _, _ in .init(accounts: await accounts.list()) }
        table.serve(GetAccountStatus.self) { request, _ throws(AgentError) in
            AccountResult(account: try await accountStatus(request.account))
        }
        table.serve(SetDefaultAccount.self) { request, _ throws(AgentError) in
            try await accounts.setDefault(try await accounts.find(request.account))
            return Nothing()
        }
        table.serve(RefreshAccount.self) { request, _ throws(AgentError) in
            AccountResult(account: try await refreshed(request.account))
        }
        table.serve(LogOut.self) { request, _ throws(AgentError) in
            let account = try await accounts.find(request.account)
            try await signingOut.logOut(request)
            await minter.forget(account)
            await devices.forget(account)
            return Nothing()
        }
        table.serve(GetLoginTokenSupport.self) { request, _ throws(AgentError) in try await supportStatus(request) }
        table.serve(GenerateLoginToken.self) { request, caller throws(AgentError) in
            try Self.requireOwnTerminal(request.terminal, of: caller.peer)
            return try await patientMinter.generate(request, for: caller.requester(), over: caller.socket)
        }
        table.serve(HandOverLoginToken.self) { request, caller throws(AgentError) in
            try Self.requireOwnTerminal(request.terminal, of: caller.peer)
            return try await handingOver.handOver(request, for: caller.requester())
        }
        table.serve(ListLoginTokens.self) { request, _ throws(AgentError) in
            .init(tokens: await book.tokens(of: try await named(request.account)))
        }
        table.serve(GetRateLimitStatus.self) { request, caller throws(AgentError) in
            let accounts = if let named = try await named(request.account) { named } else { await accounts.userIds }
            return .init(limits: await book.limits(of: accounts, for: caller.peer.requester()))
        }
        table.serve(ListConsents.self) { _, _ in .init(consents: await pendingConsents()) }
        table.serve(ApproveConsent.self) { request, caller throws(AgentError) in
            try await approve(request, by: caller.requester())
            return Nothing()
        }
        table.serve(DenyConsent.self) { request, caller throws(AgentError) in
            try await deny(request, by: caller.peer.requester())
            return Nothing()
        }
        table.serve(ListDevices.self) { request, _ throws(AgentError) in try await devices.list(request) }
        table.serve(SignOutDevice.self) { request, caller throws(AgentError) in
            try Self.requireOwnTerminal(request.terminal, of: caller.peer)
            try await devices.signOut(request, for: caller.requester())
            return Nothing()
        }
        table.serve(GetStoreStatus.self) { _, _ in store.status() }
        table.serve(EncryptStore.self) { _, caller throws(AgentError) in
            try await store.encrypt(for: caller.peer.requester())
        }
        table.serve(DecryptStore.self) { _, caller throws(AgentError) in
            try await store.decrypt(for: caller.peer.requester())
        }
        table.serve(RekeyStore.self) { _, caller throws(AgentError) in
            try await store.rekey(for: caller.peer.requester())
        }
        table.serveAtOnce(SubscribeToEvents.self) { request, caller in
            subscribe(caller, to: request.types)
            return Nothing()
        }
        table.serveAtOnce(UnsubscribeFromEvents.self) { request, caller in
            events.unsubscribe(caller, from: request.types)
            return Nothing()
        }
        table.serveAtOnce(CancelRequest.self) { request, caller in
            _ = caller.cancel(request.id)
            return Nothing()
        }
        table.serveAtOnce(GetMetrics.self) { _, _ in metrics.all }
        table.serve(Discover.self, always: OpenRPC.document)
        return table
    }

    /// The prompt would show itself there: another program's terminal is none of the caller's business.
    private static func requireOwnTerminal(_ terminal: CallerTerminal?, of peer: Peer) throws(AgentError) {
        guard let terminal else { return }
        let own = peer.terminal()
        guard terminal.tty == own else {
            let problem = own.map { "must be the caller's own terminal, \($0)" } ?? "is given, and the caller has none"
            throw .invalidParams("terminal.tty \(problem)", field: "terminal.tty")
        }
    }

    private func status() async -> GetAgentStatus.Result {
        GetAgentStatus.Result(
            version: releaseVersion,
            apiVersion: apiVersion,
            pid: surroundings.pid,
            startedAt: startedAt,
            lockedBy: locks.now,
            accounts: await accounts.list(),
            protections: surroundings.protections(),
            supervised: surroundings.supervised
        )
    }

    /// Asks the homeserver, so that the state is that of now; what it answers shows in the state.
    private func accountStatus(_ account: String?) async throws(AgentError) -> Account {
        let account = try await accounts.find(account)
        do throws(AgentError) {
            _ = try await support.look(account)
        } catch {
            if error.kind == .storageFailed { throw error }
        }
        return try await accounts.account(account)
    }

    private func refreshed(_ account: String?) async throws(AgentError) -> Account {
        let account = try await accounts.find(account)
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        do throws(SessionFailure) {
            try await accounts.refresh(account)
        } catch {
            throw error.agentError(at: session.homeserver)
        }
        return try await accounts.account(account)
    }

    private func supportStatus(_ request: GetLoginTokenSupport) async throws(AgentError) -> GetLoginTokenSupport.Result
    {
        guard let homeserver = request.homeserver else {
            return try await support.look(try await accounts.find(request.account))
        }
        guard request.account == nil else {
            throw .invalidParams("account and homeserver exclude each other", field: "homeserver")
        }
        let address = try await signingIn.homeserver(named: homeserver, of: nil)
        return try await support.offer(at: address).finding
    }

    /// The one account that is named, checked; nil for all.
    private func named(_ account: String?) async throws(AgentError) -> [String]? {
        guard let account else { return nil }
        return [try await accounts.find(account)]
    }
}
