internal import JetonAPI
internal import Logging
internal import MatrixClient

/// What else is signed in to the agent's accounts, and an end to it.
actor Devices: Questioner {
    let accounts: Accounts
    let locks: Locks
    let support: Support
    let book: MintBook
    let policy: @Sendable (String) -> ConsentPolicy
    let desk: PromptDesk
    let consents: Consents
    let promptTimeoutMs: @Sendable () -> Int
    let clock: @Sendable () -> Moment
    let logger: Logger
    /// Kept apart from those of minting: none of them can be answered there.
    var challenges = Challenges()
    nonisolated let gate = AccountGate()

    init(
        accounts: Accounts,
        locks: Locks,
        support: Support,
        book: MintBook,
        policy: @escaping @Sendable (String) -> ConsentPolicy,
        desk: PromptDesk,
        consents: Consents,
        promptTimeoutMs: @escaping @Sendable () -> Int,
        clock: @escaping @Sendable () -> Moment,
        logger: Logger
    ) {
        self.accounts = accounts
        self.locks = locks
        self.support = support
        self.book = book
        self.policy = policy
        self.desk = desk
        self.consents = consents
        self.promptTimeoutMs = promptTimeoutMs
        self.clock = clock
        self.logger = logger
    }

    /// The agent's own device first, the others by when they were last seen.
    func list(_ request: ListDevices) async throws(AgentError) -> ListDevices.Result {
        let session = try await session(of: try await accounts.find(request.account))
        return .init(devices: try await list(of: session))
    }

    /// A turn of the account's. The user is asked between turns: others need not wait for a person.
    /// - Returns: what the user must be asked first, by the agent's own prompt; nil where the device is signed out.
    /// - Throws: what stands in the way, `auth_required` for instance.
    func turn(_ call: SignOut) async throws(AgentError) -> Challenge? {
        try await gate.pass(call.account) { () async throws(AgentError) in
            // Whoever waited for their turn may have gone meanwhile; then nothing is begun.
            if Task.isCancelled { throw .withdrawn }
            return try await run(call)
        }
    }

    private func run(_ call: SignOut) async throws(AgentError) -> Challenge? {
        let session = try await session(of: call.account)
        let challenge = try answered(call)
        if let challenge {
            // It has been done from elsewhere (see `authenticate`).
            if case .signedOut = challenge.outcome {
                _ = challenges.claim(challenge.id)
                return nil
            }
            // The homeserver may verify less than when the caller was asked, or the policy have become stricter.
            if !challenge.isForPrompt, !challenge.isAgreed, !isForCaller(challenge) {
                guard let reserved = challenges.reserve(challenge.id, at: clock()) else {
                    throw .challengeGone("auth.challenge")
                }
                return reserved
            }
        }
        guard call.request.deviceId != session.deviceId else { throw .ownDevice(of: session.userId) }
        if let challenge { guard challenges.claim(challenge.id) else { throw .challengeGone("auth.challenge") } }
        return try await carryOut(call, session, challenge)
    }

    func answered(_ call: SignOut) throws(AgentError) -> Challenge? {
        try challenges.answered(by: call.request, isPromptsWord: call.speaker != .requester, at: clock())
    }

    /// Asks the homeserver to sign the device out.
    /// - Parameters:
    ///   - call: what is asked for, and the answer that goes along.
    ///   - session: whose device it is.
    ///   - challenge: what is answered, claimed; nil begins.
    /// - Returns: what the user must be asked first, by the agent's own prompt; nil where the device is signed out.
    /// - Throws: what stands in the way, `auth_required` for instance.
    func carryOut(
        _ call: SignOut,
        _ session: SessionRecord,
        _ challenge: Challenge?
    ) async throws(AgentError) -> Challenge? {
        // Unstructured: what was sent is followed to its end and written down, even if the caller goes away meanwhile; a
        // password that was tried counts as one.
        let exchange = Task { () async -> Result<Challenge?, AgentError> in
            do throws(AgentError) {
                return .success(try await self.exchange(call, session, challenge))
            } catch {
                return .failure(self.sentence(of: error, challenge))
            }
        }
        return try await exchange.value.get()
    }

    /// What an earlier answer has left unknown, the refusal of a later one does not make known.
    private func sentence(of error: AgentError, _ challenge: Challenge?) -> AgentError {
        guard let challenge, case .unknown(let cause) = challenge.outcome,
            challenges.find(challenge.id, at: clock()) == nil
        else { return error }
        challenges.spend(challenge)
        return .signOutUnknown(cause)
    }

    /// Whether whoever asks may answer it unasked by us.
    func isForCaller(_ challenge: Challenge) -> Bool {
        let consent = policy(challenge.account)
        guard case .authentication(let uia) = challenge.wants else { return consent.trustsCallers }
        return uia.isForCaller(under: consent)
    }

    private func exchange(
        _ call: SignOut,
        _ session: SessionRecord,
        _ challenge: Challenge?
    ) async throws(AgentError) -> Challenge? {
        let wanted: Challenge?
        if let challenge, case .authentication(let uia) = challenge.wants {
            wanted = try await answer(challenge, uia, by: call, session)
        } else {
            wanted = try await begin(call, session, answering: challenge)
        }
        if let wanted { return wanted }
        let device = call.request.deviceId
        await noteSignOut(of: device, session.userId)
        let about: Logger.Metadata = [
            "event": "device.signed_out", "account": "\(session.userId)", "device_id": "\(device)",
        ]
        logger.notice("a device was signed out", metadata: about.merging(call.requester.metadata) { own, _ in own })
        return nil
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
