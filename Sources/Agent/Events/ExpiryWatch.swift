internal import JetonAPI
internal import Synchronization

/// Tells when the life of a login token is over. There is a timer only while somebody wants to know and a token lives.
actor ExpiryWatch {
    private let book: MintBook
    private let events: EventHub
    private let pause: Pause
    private let clock: @Sendable () -> Moment
    private var timer: Task<Void, any Error>?
    /// What has expired by then was told, or happened before anybody wanted to know; nil: nobody wants to.
    private var toldUntil: Moment?
    private let look = Mutex(Look.none)

    /// A look that nobody waits for.
    private enum Look { case none, underWay, underWayAndWantedAgain }

    init(book: MintBook, events: EventHub, pause: @escaping Pause, clock: @escaping @Sendable () -> Moment) {
        self.book = book
        self.events = events
        self.pause = pause
        self.clock = clock
    }

    /// Does what `plan` does, and keeps nobody waiting. However often it is called, there is one look at a time.
    nonisolated func planSoon() {
        let begins = look.withLock { look in
            defer { look = look == .none ? .underWay : .underWayAndWantedAgain }
            return look == .none
        }
        guard begins else { return }
        // Unstructured: it looks at the ledger, and whoever subscribes is answered before.
        Task { repeat { await plan() } while isWantedAgain() }
    }

    private nonisolated func isWantedAgain() -> Bool {
        look.withLock { look in
            defer { look = look == .underWayAndWantedAgain ? .underWay : .none }
            return look == .underWayAndWantedAgain
        }
    }

    /// Looks for the next token to expire. Call it when there is another token, or another subscriber.
    func plan() async {
        let now = clock()
        guard events.isWanted(.loginTokenExpired) else {
            timer?.cancel()
            toldUntil = nil
            return
        }
        if toldUntil == nil { toldUntil = now }
        let tokens = await book.tokens(of: nil)
        // Another call may have told some of it meanwhile, or the last one who wanted to know may have gone.
        guard let toldUntil else { return }
        for token in tokens where token.expiresAt > toldUntil && token.expiresAt <= now {
            events.publish(LoginTokenExpired(account: token.account, tokenId: token.tokenId))
        }
        let told = max(toldUntil, now)
        self.toldUntil = told
        timer?.cancel()
        guard let next = tokens.map(\.expiresAt).filter({ $0 > told }).min() else { return }
        let wait = max(clock().duration(to: next), .milliseconds(1))
        // Unstructured: nobody waits for it, and the next call of this replaces it.
        timer = Task {
            try await pause(wait)
            await plan()
        }
    }
}
