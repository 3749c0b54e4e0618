public import JetonAPI

/// What may be asked over the restricted socket: it is made for being passed on to other machines and into containers,
/// so whoever asks there cannot be known.
extension Agent {
    public var restrictedMethods: MethodTable<Caller> {
        var table = MethodTable<Caller>()
        table.answered = metrics.countRequest
        table.serve(Ping.self, always: Nothing())
        table.serveAtOnce(GetRestrictedStatus.self) { _, _ in
            .init(version: releaseVersion, apiVersion: apiVersion, lockedBy: locks.now)
        }
        table.serve(GetLoginTokenSupport.self) { request, _ throws(AgentError) in
            guard request.homeserver == nil else { throw .notRestricted("homeserver") }
            let account = try await restrictedAccount(request.account)
            do throws(AgentError) {
                var finding = try await support.look(account)
                if request.account == nil { finding.accountManagementUrl = nil }
                return finding
            } catch {
                throw request.account == nil ? error.withoutAccount : error
            }
        }
        table.serve(GenerateLoginToken.self) { request, caller throws(AgentError) in
            try Self.requireRestricted(request)
            let requester = try caller.requester()
            let isNamed = request.account != nil
            var request = request
            request.account = try await restrictedAccount(request.account)
            request.prompt = .agent
            do throws(AgentError) {
                return try await patientMinter.generate(request, for: requester, over: caller.socket)
            } catch {
                if error.kind == .promptUnavailable { throw .restrictedWithoutPrompt }
                throw isNamed ? error : error.withoutAccount
            }
        }
        for method in OpenRPC.methods where !table.names.contains(method.name) {
            table.refuse(method.name, with: .notRestricted(method.name))
        }
        return table
    }

    /// The account that is meant. Where it is not clear which, none is told: who asks need not know what is held.
    private func restrictedAccount(_ name: String?) async throws(AgentError) -> String {
        do throws(AgentError) {
            return try await accounts.find(name)
        } catch {
            throw error.kind == .notLoggedIn ? .notLoggedIn(name) : .restrictedAccount
        }
    }

    /// `account`, `purpose` and `wait_ms` alone.
    private static func requireRestricted(_ request: GenerateLoginToken) throws(AgentError) {
        let others = [
            "auth": request.auth != nil, "consent": request.consent != nil, "prompt": request.prompt != nil,
            "terminal": request.terminal != nil,
        ]
        guard let first = others.filter(\.value).keys.min() else { return }
        throw .notRestricted(first)
    }
}

extension AgentError {
    /// How the agent's machine is set up is not told there.
    fileprivate static var restrictedWithoutPrompt: AgentError {
        let detail = """
            Over the restricted socket only the agent's own prompt counts, and the agent has none; \
            run `jeton token` where the agent runs
            """
        return AgentError(.promptUnavailable, "\(detail).", ["detail": .string(detail)])
    }

    /// What may be told to somebody who has not said which account they know of: nothing of whose it is, nor where.
    fileprivate var withoutAccount: AgentError {
        let sentence: String
        switch kind {
        case .sessionExpired: sentence = "The session is over, or the user locked; look at it where the agent runs."
        case .homeserverUnreachable: sentence = "The homeserver cannot be reached."
        case .homeserverError: sentence = "The homeserver has refused, or does not answer as a homeserver does."
        case .unsupportedByHomeserver: sentence = "The homeserver does not mint login tokens."
        case .outcomeUnknown: sentence = "No login token is handed out, but one may exist."
        case .storageFailed: sentence = "The agent's state could not be saved."
        case .notLoggedIn: return .notLoggedIn()
        default: return self
        }
        let harmless: Set = ["soft", "stage", "http_status", "errcode", "reason", "may_exist_until", "estimated"]
        return AgentError(kind, sentence, data.filter { harmless.contains($0.key) })
    }

    fileprivate static var restrictedAccount: AgentError {
        .invalidParams("account must be a full user id that the agent is signed in as", field: "account")
    }

    fileprivate static func notRestricted(_ name: String) -> AgentError {
        let detail = "\(name) is not allowed on the restricted socket; use the agent's own socket"
        return AgentError(.forbidden, "\(detail).", ["detail": .string(detail)])
    }
}
