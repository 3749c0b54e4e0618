internal import JetonAPI
internal import Logging
internal import MatrixClient

/// What else is signed in to the agent's accounts, and an end to it.
actor Devices {
    let accounts: Accounts
    let support: Support
    let book: MintBook
    let desk: PromptDesk
    let promptTimeoutMs: @Sendable () -> Int
    let clock: @Sendable () -> Moment
    let logger: Logger
    /// Kept apart from those of minting: none of them can be answered there.
    var challenges = Challenges()

    init(
        accounts: Accounts,
        support: Support,
        book: MintBook,
        desk: PromptDesk,
        promptTimeoutMs: @escaping @Sendable () -> Int,
        clock: @escaping @Sendable () -> Moment,
        logger: Logger
    ) {
        self.accounts = accounts
        self.support = support
        self.book = book
        self.desk = desk
        self.promptTimeoutMs = promptTimeoutMs
        self.clock = clock
        self.logger = logger
    }

    /// The agent's own device first, the others by when they were last seen.
    func list(_ request: ListDevices) async throws(AgentError) -> ListDevices.Result {
        let session = try await session(of: try await accounts.find(request.account))
        return .init(devices: try await list(of: session))
    }

    func signOut(_ request: SignOutDevice, for requester: Requester) async throws(AgentError) {
        let challenge = try challenges.answered(by: request, at: clock())
        let session = try await session(of: try await accounts.find(challenge?.account ?? request.account))
        guard request.deviceId != session.deviceId else { throw .ownDevice(of: session.userId) }
        if let challenge { guard challenges.claim(challenge.id) else { throw .challengeGone("auth.challenge") } }
        // Unstructured: what was sent is followed to its end and written down, even if the caller goes away meanwhile; a
        // password that was tried counts as one.
        let exchange = Task { () async -> Result<Void, AgentError> in
            do throws(AgentError) {
                return .success(try await self.signOut(request, session, challenge, for: requester))
            } catch {
                return .failure(error)
            }
        }
        try await exchange.value.get()
    }

    private func signOut(
        _ request: SignOutDevice,
        _ session: SessionRecord,
        _ challenge: Challenge?,
        for requester: Requester
    ) async throws(AgentError) {
        if let challenge, case .authentication(let uia) = challenge.wants {
            try await answer(challenge, uia, by: request, session)
        } else {
            try await begin(request, session, for: requester)
        }
        await noteSignOut(of: request.deviceId, session.userId)
        let about: Logger.Metadata = [
            "event": "device.signed_out", "account": "\(session.userId)", "device_id": "\(request.deviceId)",
        ]
        logger.notice("a device was signed out", metadata: about.merging(requester.metadata) { own, _ in own })
    }

    /// What the ledger has of it: a device is signed out all the same where it cannot be written down.
    private func noteSignOut(of device: String, _ account: String) async {
        do throws(AgentError) {
            try await book.noteSignOut(of: device, account)
        } catch {
            logger.warning(
                "a device's end could not be written down, ignoring",
                metadata: ["account": "\(account)", "problem": "\(error.message)"]
            )
        }
    }

    /// Nobody answers for an account any more that was signed out.
    func forget(_ account: String) { challenges.dropAll(of: account) }

    func session(of account: String) async throws(AgentError) -> SessionRecord {
        guard let session = await accounts.session(of: account) else { throw .notLoggedIn(account) }
        return session
    }

    func list(of session: SessionRecord) async throws(AgentError) -> [Device] {
        let devices: [MatrixClient.Device]
        do throws(SessionFailure) {
            devices = try await accounts.authorized(session.userId) { client, accessToken throws(MatrixError) in
                try await client.devices(accessToken)
            }
        } catch {
            throw error.agentError(at: session.homeserver)
        }
        return devices.map { Device($0, isCurrent: $0.deviceId == session.deviceId) }.sorted { one, other in
            guard one.isCurrent == other.isCurrent else { return one.isCurrent }
            let (first, second) = (one.lastSeenAt?.millisecondsSince1970, other.lastSeenAt?.millisecondsSince1970)
            return (first ?? .min, other.deviceId) > (second ?? .min, one.deviceId)
        }
    }
}

extension Device {
    fileprivate init(_ device: MatrixClient.Device, isCurrent: Bool) {
        self.init(
            deviceId: device.deviceId,
            displayName: device.displayName,
            // A homeserver's number, of whatever size, as a time that can be written.
            lastSeenAt: device.lastSeenTs.map {
                Moment(millisecondsSince1970: 0).advanced(by: .milliseconds($0))
            },
            lastSeenIp: device.lastSeenIp,
            isCurrent: isCurrent
        )
    }
}
