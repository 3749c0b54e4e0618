internal import JetonAPI
internal import MatrixClient

/// What the agent does unasked: it renews in time, and looks for homeservers that were away.
extension Accounts {
    /// Begins the renewals whose time has come, and lets the alarm ring for the next one.
    func renewWhatIsDue() {
        let now = ties.clock()
        for (account, schedule) in schedules where !isStopping && schedule.wait(at: now) == .zero {
            _ = renewal(of: account)
        }
        plan()
    }

    /// The network has changed, so that what was away may be back.
    func networkHasChanged() {
        for account in schedules.keys { schedules[account]?.backoff.networkIsBack() }
        renewWhatIsDue()
        for (account, outage) in outages
        where !isStopping && outage.reason == .unreachable && renewals[account] == nil {
            // Unstructured: each homeserver answers in its own time, and nobody waits for it.
            Task { await look(for: account) }
        }
    }

    /// Looks whether the homeserver of an account answers, without a token.
    private func look(for account: String) async {
        guard let homeserver = sessions[account]?.homeserver else { return }
        do throws(MatrixError) {
            _ = try await MatrixClient(homeserver: homeserver, transport: transport).versions()
        } catch {
            guard Trouble.outage(error, at: ties.clock()) == nil else { return }
        }
        heard(from: account)
    }

    /// Lets the alarm ring when the next renewal is due, and has the network watched while somebody waits for it.
    func plan() {
        let now = ties.clock()
        for account in schedules.keys { schedules[account]?.clamp(at: now) }
        let waits = schedules.filter { renewals[$0.key] == nil }.values.compactMap { $0.wait(at: now) }
        ties.setAlarm(isStopping ? nil : waits.min())
        let isWaiting = !isStopping && outages.values.contains { $0.reason == .unreachable }
        guard isWaiting != watchesNetwork else { return }
        watchesNetwork = isWaiting
        ties.watchNetwork(isWaiting)
    }

    /// Begins nothing unasked any more.
    func stop() {
        isStopping = true
        plan()
    }

    /// Waits for the renewals under way, and tries once more to save what could not be saved, so that no pair is lost
    /// that a homeserver has given.
    func finish() async {
        for (account, pair) in unsaved where sessions[account]?.refreshToken == pair.instead {
            _ = renewal(of: account)
        }
        while let renewal = renewals.values.first { await renewal.end() }
    }
}
