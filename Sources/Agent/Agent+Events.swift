internal import JetonAPI

/// What the agent tells those who listen.
extension Agent {
    /// Lets a connection be told, and the timers run that it needs.
    func subscribe(_ caller: Caller, to types: [EventType]?) {
        events.subscribe(caller, to: types)
        expiries.planSoon()
    }

    /// What happens to sessions, as subscribers and counters have it.
    static func tell(_ account: String, _ news: Accounts.News, _ events: EventHub, _ metrics: Metrics) {
        switch news {
        case .loggedIn: events.publish(AccountLoggedIn(account: account))
        case .loggedOut: events.publish(AccountLoggedOut(account: account))
        case .renewed(let end):
            metrics.count { $0.renewalsDone += 1 }
            events.publish(AccountRenewed(account: account, accessTokenExpiresAt: end))
        case .notRenewed: metrics.count { $0.renewalsFailed += 1 }
        }
    }

    /// Call it as the first thing of a stop. Whoever waits for the user or for a limit is told, and waits no more.
    public func announceStop() {
        events.publish(AgentStopping())
        stopping.begin()
        consents.withdrawAll(.stopping)
    }
}
