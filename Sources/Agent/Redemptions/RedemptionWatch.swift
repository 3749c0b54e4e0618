internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Looks which device was signed in with a login token. It asks the homeserver before a token is minted, and again and
/// again while one lives; else never. A homeserver that does not answer is asked at the next time, and nobody waits.
actor RedemptionWatch {
    private let accounts: Accounts
    private let book: MintBook
    private let events: EventHub
    private let clock: @Sendable () -> Moment
    private let pause: Pause
    private let logger: Logger
    private var sightings: [String: Sightings] = [:]
    private var watches: [String: Task<Void, Never>] = [:]
    private var hasEnded = false

    /// As often as a user who watches would like to know, and Synapse does not mind.
    private static let interval = Duration.seconds(5)
    /// However long a homeserver lets its tokens live, it is not asked for longer.
    private static let longest = Duration.seconds(3600)

    init(
        accounts: Accounts,
        book: MintBook,
        events: EventHub,
        clock: @escaping @Sendable () -> Moment,
        pause: @escaping Pause,
        logger: Logger
    ) {
        self.accounts = accounts
        self.book = book
        self.events = events
        self.clock = clock
        self.pause = pause
        self.logger = logger
    }

    /// A login token is about to be minted: what is signed in until then was not signed in with it.
    nonisolated func prepare(for account: String) {
        // Unstructured: the homeserver answers while it mints, and no token waits for it.
        Task { await look(at: account) }
    }

    /// A login token is handed out.
    nonisolated func expect(_ entry: MintRecord.Entry, of account: String) {
        // Unstructured: it goes on as long as the token lives, and nobody waits for it.
        Task { await begin(entry, of: account) }
    }

    /// Goes on where an agent before this one was ended: with the tokens it has handed out. Call it once there is a network.
    func resume() async {
        for token in await book.heldBack(of: accounts.userIds) {
            tell(token)
            do throws(AgentError) {
                try await book.noteTold(token)
            } catch {
                warn(of: token.account, error)
            }
        }
        for token in await book.tokens(of: accounts.userIds) where token.state == .live {
            await begin(token.tokenId, from: token.issuedAt, until: token.expiresAt, of: token.account)
        }
    }

    /// Asks no homeserver any more.
    func stop() {
        hasEnded = true
        for watch in watches.values { watch.cancel() }
    }

    private func begin(_ entry: MintRecord.Entry, of account: String) async {
        await begin(entry.tokenId, from: entry.issuedAt, until: entry.expiresAt, of: account)
    }

    private func begin(_ token: String, from start: Moment, until end: Moment, of account: String) async {
        let now = clock()
        let lookedAt = sightings[account]?.lookedAt
        // A token that has waited for the user's word is handed out long after it was minted.
        let number = lookedAt.map { $0.duration(to: now) < Self.interval } ?? false ? nil : beginLook(at: account)
        sightings[account, default: Sightings()].expect(token, until: min(end, start.advanced(by: Self.longest)))
        if let number { await look(at: account, number) }
        guard watches[account] == nil, !hasEnded else { return }
        watches[account] = Task { await watch(account) }
    }

    private func watch(_ account: String) async {
        while sightings[account]?.areWanted == true, (try? await pause(Self.interval)) != nil, !hasEnded {
            await look(at: account)
        }
        // What was sighted stays: a look may still be under way, and its number must not come again.
        watches[account] = nil
    }

    private func beginLook(at account: String) -> Int {
        sightings[account, default: Sightings()].beginLook(at: clock())
    }

    private func look(at account: String) async { await look(at: account, beginLook(at: account)) }

    private func look(at account: String, _ number: Int) async {
        let devices: [MatrixClient.Device]
        do throws(SessionFailure) {
            devices = try await accounts.authorized(account) { client, accessToken throws(MatrixError) in
                try await client.devices(accessToken)
            }
        } catch {
            logger.debug(
                "the devices could not be looked at, ignoring",
                metadata: ["account": "\(account)", "error": "\(error)"]
            )
            // A token whose life is over must not be waited for until there is an answer.
            await note(sightings[account]?.giveUp(look: number, at: clock()) ?? [], of: account)
            return
        }
        let own = await accounts.session(of: account)?.deviceId
        await note(sightings[account]?.see(devices, inLook: number, own: own, at: clock()) ?? [], of: account)
    }

    private func note(_ findings: [Sightings.Finding], of account: String) async {
        for finding in findings {
            do throws(AgentError) {
                guard let token = try await book.note(finding, of: account), finding.telling == .now else { continue }
                tell(token)
            } catch {
                warn(of: account, error)
            }
        }
    }

    private func warn(of account: String, _ error: AgentError) {
        logger.warning(
            "a redemption could not be written down, ignoring",
            metadata: ["account": "\(account)", "problem": "\(error.message)"]
        )
    }

    private func tell(_ token: IssuedToken) {
        var about: Logger.Metadata = [
            "event": "login_token.redeemed", "account": "\(token.account)", "token_id": "\(token.tokenId)",
        ]
        if let device = token.redeemedBy {
            about["device_id"] = "\(device.deviceId)"
            about["display_name"] = device.displayName.map { "\($0)" }
            about["last_seen_ip"] = device.lastSeenIp.map { "\($0)" }
        } else {
            about["candidates"] = "\((token.candidates ?? []).map(\.deviceId).joined(separator: " "))"
        }
        logger.notice(
            "a device was signed in while a login token lived",
            metadata: about.merging(token.requester.metadata) { own, _ in own }
        )
        events.publish(LoginTokenRedeemed(token))
    }
}
