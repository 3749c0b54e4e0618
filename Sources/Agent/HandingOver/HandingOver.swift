internal import JetonAPI
internal import Logging
internal import MatrixClient

/// Signs clients in that have opened an SSO address: the token goes from here to where they wait, and nowhere else.
struct HandingOver: Sendable {
    let accounts: Accounts
    let patientMinter: PatientMinter
    let loopback: Loopback
    let desktop: Desktop
    let transport: HTTPTransport
    let logger: Logger

    func handOver(
        _ request: HandOverLoginToken,
        for requester: Requester
    ) async throws(AgentError) -> HandOverLoginToken.Result {
        let address: SSOAddress
        do {
            address = try SSOAddress(request.ssoUrl)
        } catch {
            throw .invalidParams("sso_url \(error.reason)", field: "sso_url")
        }
        let account = try await account(at: address.homeserver, named: request.account)
        switch address.redirect {
        case .loopback(let redirect): return try await handOver(request, account, redirect, requester)
        // Whoever has the website would have the account: the homeserver's own page asks for that.
        case .remote: return .init(openUrl: request.ssoUrl)
        case .program(let redirect): return try await handOver(request, account, redirect, requester)
        }
    }

    private func handOver(
        _ request: HandOverLoginToken,
        _ account: String,
        _ redirect: LoopbackRedirect,
        _ requester: Requester
    ) async throws(AgentError) -> HandOverLoginToken.Result {
        let found = try await loopback.find(redirect, namingProcess: true)
        let handover = Handover(ssoUrl: request.ssoUrl, destination: Destination(redirect, found.listener)) {
            () async throws(AgentError) in
            try await loopback.require(found, at: redirect)
        }
        let token = try await mint(request, account, handover, requester)
        return try await deliver(token, to: redirect, found, requester)
    }

    func mint(
        _ request: HandOverLoginToken,
        _ account: String,
        _ handover: Handover,
        _ requester: Requester
    ) async throws(AgentError) -> GenerateLoginToken.Result {
        do throws(AgentError) {
            return try await patientMinter.generate(
                GenerateLoginToken(request, account),
                for: requester,
                over: .agent,
                handover
            )
        } catch {
            guard [.authRequired, .consentRequired].contains(error.kind) else { throw error }
            // Whoever asks the user says who will be signed in where.
            var error = error
            error.data["account"] = .string(account)
            error.data["destination"] = handover.destination.json
            throw error
        }
    }

    private func deliver(
        _ token: GenerateLoginToken.Result,
        to redirect: LoopbackRedirect,
        _ found: Loopback.Found,
        _ requester: Requester
    ) async throws(AgentError) -> HandOverLoginToken.Result {
        let delivery = await bring(token.loginToken, to: redirect, found)
        if case .answered(let status) = delivery, status < 400 {
            return note(token, deliveredTo: redirect.description, requester)
        }
        throw note(.undelivered(delivery, token, to: redirect), of: token, to: redirect.description, requester)
    }

    private func bring(_ token: Secret, to redirect: LoopbackRedirect, _ found: Loopback.Found) async
        -> Loopback.Delivery
    {
        do {
            try await loopback.require(found, at: redirect)
        } catch {
            // Whoever is cancelled sees no listener any more.
            return Task.isCancelled ? .abandoned : .withheld
        }
        let delivery = await loopback.deliver(token, redirect, found.isIPv6) { ownPort in
            await loopback.isOurs(at: redirect, found, from: ownPort)
        }
        guard delivery == .unreachable, found.mayBeElsewhere else { return delivery }
        let other = Loopback.Found(listener: found.listener, isIPv6: !found.isIPv6)
        return await bring(token, to: redirect, other)
    }

    func note(
        _ token: GenerateLoginToken.Result,
        deliveredTo place: String,
        _ requester: Requester
    ) -> HandOverLoginToken.Result {
        let event: Logger.Metadata = ["event": "login_token.handed_over"]
        logger.notice("a client was handed a login token", metadata: about(token, place, requester, event))
        return .init(deliveredTo: place, tokenId: token.tokenId)
    }

    func note(
        _ failure: AgentError,
        of token: GenerateLoginToken.Result,
        to place: String,
        _ requester: Requester
    ) -> AgentError {
        let event: Logger.Metadata = ["event": "login_token.not_handed_over", "reason": "\(failure.message)"]
        logger.notice("a client was not handed its login token", metadata: about(token, place, requester, event))
        return failure
    }

    private func about(
        _ token: GenerateLoginToken.Result,
        _ place: String,
        _ requester: Requester,
        _ event: Logger.Metadata
    ) -> Logger.Metadata {
        let about: Logger.Metadata = [
            "account": "\(token.userId)", "token_id": "\(token.tokenId)", "delivered_to": "\(place)",
        ]
        return about.merging(requester.metadata) { own, _ in own }.merging(event) { $1 }
    }

    /// The account that the client means: of the homeserver that its address is of.
    private func account(at homeserver: String, named name: String?) async throws(AgentError) -> String {
        let named = if let name { [try await accounts.find(name)] } else { await accounts.userIds }
        guard !named.isEmpty else { throw .notLoggedIn() }
        var candidates: [String] = []
        for account in named where await accounts.session(of: account)?.homeserver.isSame(as: homeserver) == true {
            candidates.append(account)
        }
        // Signed in by another address than the one that the server name leads to.
        if candidates.isEmpty {
            for account in named where await isWellKnown(homeserver, of: account) { candidates.append(account) }
        }
        guard let first = candidates.first else {
            var homeservers: Set<String> = []
            for account in named {
                if let session = await accounts.session(of: account) { homeservers.insert("\(session.homeserver)") }
            }
            throw .otherHomeserver(homeserver, than: homeservers.sorted())
        }
        if candidates.count == 1 { return first }
        guard let usual = try? await accounts.find(nil), candidates.contains(usual) else {
            throw .ambiguousAccount(candidates)
        }
        return usual
    }

    /// Whether an account's server name leads to this homeserver.
    private func isWellKnown(_ homeserver: String, of account: String) async -> Bool {
        guard let name = UserID(account)?.serverName,
            let found = try? await Discovery(transport: transport).homeserver(of: name)
        else { return false }
        return found.isSame(as: homeserver)
    }
}

extension HomeserverAddress {
    /// Compares with an address that was taken apart by the letter.
    fileprivate func isSame(as homeserver: String) -> Bool {
        guard let own = try? WebAddress(description) else { return false }
        return own.origin + own.path == homeserver
    }
}

extension GenerateLoginToken {
    fileprivate init(_ request: HandOverLoginToken, _ account: String) {
        self.init(
            account: account,
            purpose: request.purpose,
            consent: request.consent,
            prompt: request.prompt,
            terminal: request.terminal,
            waitMs: request.waitMs
        )
        auth = request.auth
    }
}

extension Destination {
    fileprivate init(_ redirect: LoopbackRedirect, _ listener: Loopback.Listener) {
        self.init(
            address: redirect.host.rawValue,
            port: redirect.port,
            pid: listener.pid,
            command: listener.command,
            unit: listener.unit
        )
    }

    fileprivate var json: JSONValue {
        var members: [String: JSONValue] = ["address": .string(address)]
        members["port"] = port.map { .integer($0) }
        members["application"] = application.map { .string($0) }
        members["pid"] = pid.map { .integer($0) }
        members["command"] = command.map { .string($0) }
        members["unit"] = unit.map { .string($0) }
        return .object(members)
    }
}
