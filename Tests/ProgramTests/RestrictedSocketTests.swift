import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// The second socket, for passing on.
@Suite struct RestrictedSocketTests {
    @Test func `without systemd a setting makes it, for the user alone, and the agent takes it away again`()
        async throws
    {
        let folder = try ScratchFolder()
        let path = folder.file("passed-on/r.sock")
        let agent = try await AgentUnderTest(configuration: "{restricted_socket: '\(path)'}").start()
        try await Self.requireRestricted(path)
        // The agent's own is as ever.
        _ = try await agent.call(ListAccounts())
        let attributes = { try FileManager.default.attributesOfItem(atPath: $0)[.posixPermissions] as? Int }
        #expect(try attributes(path) == 0o600)
        #expect(try attributes(folder.file("passed-on")) == 0o700)
        try await agent.stop()
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(!FileManager.default.fileExists(atPath: agent.socket))
    }

    @Test func `status and doctor know it for what it is`() async throws {
        let folder = try ScratchFolder()
        let path = folder.file("r.sock")
        let agent = try await AgentUnderTest(configuration: "{restricted_socket: '\(path)'}").start()
        let status = try await agent.jeton("status", "--socket", path)
        #expect(status.status == 0, "\(status.errors)")
        #expect(status.output.contains("over its restricted socket"))
        #expect(try await agent.jeton("status", "--socket", path, "--json").output.contains("\"locked_by\""))
        let doctor = try await agent.jeton("doctor", "--socket", path, "--json")
        #expect(doctor.output.contains("answers, over its restricted socket"), "\(doctor.output)")
        #expect(!doctor.output.contains("no jetond"), "\(doctor.output)")
        try await agent.stop()
    }

    @Test func `promise 7: no error there tells of accounts`() async throws {
        let folder = try ScratchFolder()
        let path = folder.file("r.sock")
        let agent = try await AgentUnderTest(configuration: "{restricted_socket: '\(path)'}").start()
        let homeserver = try await DevHomeserverUnderTest()
        agent.companion = homeserver
        var users: [TestUser] = []
        for _ in 1...2 {
            users.append(try await homeserver.newUser())
            try await agent.logIn(users[users.count - 1], at: homeserver.address)
        }
        let names = users.map(\.id.localpart)
        let asked = names[0]
        let answers = try await onThread {
            let client = try RPCClient(path: path)
            func error(_ call: () throws -> Void) throws -> AgentError {
                do {
                    try call()
                } catch RPCClient.Problem.refused(let error) {
                    return error
                }
                throw Unexpected("a result where an error was due")
            }
            return try [nil, "@x:y", asked].flatMap { account in
                [
                    try error { _ = try client.call(GetLoginTokenSupport(account: account)) },
                    try error { _ = try client.call(GenerateLoginToken(account: account)) },
                ]
            }
        }
        for answer in answers {
            let text = "\(answer.message) \(answer.data)"
            #expect(!names.contains { text.contains("@\($0)") }, "\(text)")
            #expect([.invalidParams, .notLoggedIn].contains(answer.kind))
        }
        try await agent.stop()
    }

    @Test func `whoever names no account there learns of none, though its session is over or its homeserver away`()
        async throws
    {
        let folder = try ScratchFolder()
        let path = folder.file("r.sock")
        let agent = try await AgentUnderTest(configuration: "{restricted_socket: '\(path)'}").start()
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        func requireSilence(_ params: some Method, _ kind: AgentError.Kind) async throws {
            let answer = try await Self.refusal(path, of: params)
            #expect(answer.kind == kind)
            let text = "\(answer.message) \(answer.data)"
            #expect(![user.id.localpart, "localhost", "127.0.0.1"].contains { text.contains($0) }, "\(text)")
        }
        await homeserver.server.stop()
        try await requireSilence(GetLoginTokenSupport(), .homeserverUnreachable)
        // Whoever knows the account is told what is the matter with it.
        let named = try await Self.refusal(path, of: GetLoginTokenSupport(account: user.id))
        #expect(named.message.contains(homeserver.address))
        _ = try await homeserver.server.start()
        await homeserver.server.endSessions(of: user.id.localpart)
        #expect(try await agent.call(GetAccountStatus()).account.state != .active)
        try await requireSilence(GetLoginTokenSupport(), .sessionExpired)
        try await requireSilence(GenerateLoginToken(), .sessionExpired)
        try await agent.stop()
    }

    @Test func `whoever names no account there learns of no account page either`() async throws {
        let folder = try ScratchFolder()
        let path = folder.file("r.sock")
        let agent = try await AgentUnderTest(configuration: "{restricted_socket: '\(path)'}").start()
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        let page = "https://account.example.org/account/"
        await homeserver.server.change { $0.oauthIssuer = "https://account.example.org/" }
        let (unnamed, named) = try await onThread {
            let client = try RPCClient(path: path)
            return (
                try client.call(GetLoginTokenSupport()), try client.call(GetLoginTokenSupport(account: user.id))
            )
        }
        #expect(unnamed.reason == .oauthServer && unnamed.accountManagementUrl == nil)
        #expect(named.accountManagementUrl == page)
        try await agent.stop()
    }

    @Test func `promise 7: nobody there answers a question, locks or unlocks the agent, or opens its state`()
        async throws
    {
        let folder = try ScratchFolder()
        try folder.write("canary-key-of-more-than-32-bytes-0001", to: "store-key")
        let path = folder.file("r.sock")
        let configuration = "{restricted_socket: '\(path)'}"
        let agent = try await AgentUnderTest(
            configuration: configuration,
            environment: ["CREDENTIALS_DIRECTORY": folder.path]
        ).start()
        let homeserver = try await DevHomeserverUnderTest()
        agent.companion = homeserver
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        _ = try await agent.challenge()
        let consent = try await agent.waiting()
        for isLocked in [false, true] {
            if isLocked { _ = try await agent.call(LockAgent()) }
            let before = try await agent.call(GetAgentStatus()).lockedBy
            let id = consent.consentId
            for params: any Method in [
                ListConsents(), ApproveConsent(consentId: id, auth: user.auth(id)), DenyConsent(consentId: id),
                LockAgent(), UnlockAgent(), GetStoreStatus(), EncryptStore(), DecryptStore(), RekeyStore(),
            ] {
                let refused = try await Self.refusal(path, of: params)
                #expect(refused.kind == .forbidden)
                #expect(refused.message.contains("\(type(of: params).name) is not allowed on the restricted socket"))
                #expect(!"\(refused.message) \(refused.data)".contains(user.id.localpart))
            }
            let client = try LineClient(path)
            client.request("1", GetAgentStatus.name)
            let status = try await onThread { try client.next()["result"] }
            guard case .object(let members)? = status else { throw Unexpected("no status: \(status ?? .null)") }
            #expect(members.keys.sorted() == ["api_version", "locked_by", "version"])
            #expect(try await agent.call(GetAgentStatus()).lockedBy == before)
            #expect(try await agent.call(ListConsents()).consents.map(\.consentId) == [id])
            #expect(try await agent.call(GetStoreStatus()).storage == .encrypted)
        }
        #expect(await homeserver.mintRequests(of: user) == 1)
        try await agent.stop()
    }

    @Test func `its usual place is beside the agent's own`() async throws {
        let folder = try ScratchFolder()
        let environment = ["XDG_RUNTIME_DIR": folder.path]
        let agent = try await AgentUnderTest(configuration: "{restricted_socket: true}", environment: environment)
            .start()
        try await Self.requireRestricted(folder.file("jeton/restricted.sock"))
        try await agent.stop()
    }

    @Test func `a place that cannot be had is named, and the agent's own socket is not left behind`() async throws {
        let agent = try AgentUnderTest(configuration: "{restricted_socket: '/dev/null/r.sock'}")
        let ended = try await agent.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("/dev/null"))
        #expect(!FileManager.default.fileExists(atPath: agent.socket))
    }

    @Test func `systemd passes both, by their names`() async throws {
        let folder = try ScratchFolder()
        let (own, restricted) = (folder.file("a.sock"), folder.file("r.sock"))
        let agent = try await RunningProgram(
            "/usr/bin/systemd-socket-activate",
            [
                "--listen=\(restricted)", "--listen=\(own)", "--fdname=restricted:agent", "-E", "HOME",
                Programs.path("jetond"), "--state", folder.file("state"), "--config", folder.file("config"),
            ],
            environment: ["HOME": folder.path],
            log: try folder.write("", to: "log")
        )
        try await eventually("systemd listens") { (try? await onThread { _ = try RPCClient(path: own) }) != nil }
        try await Self.requireRestricted(restricted)
        #expect(try await onThread { try RPCClient(path: own).call(ListAccounts()) }.accounts.isEmpty)
        agent.send(SIGTERM)
        #expect(try await agent.ended() == 0)
        #expect(FileManager.default.fileExists(atPath: restricted))
    }

    @Test func `its clients take no place of the owner's, nor the owner one of theirs`() async throws {
        let folder = try ScratchFolder()
        let path = folder.file("r.sock")
        let agent = try await AgentUnderTest(configuration: "{restricted_socket: '\(path)', socket: {connections: 16}}")
            .start()
        let own = agent.socket
        try await onThread {
            // An eighth.
            let passedOn = try (1...2).map { _ in try Self.served(path) }
            #expect(try RawConnection(path).line()?.contains("there may be 2 connections to this socket") == true)
            let owners = try (1...16).map { _ in try Self.served(own) }
            #expect(try RawConnection(own).line()?.contains("there may be 16 connections to this socket") == true)
            for client in passedOn + owners { #expect(try Self.answer(client).contains("result")) }
        }
        for socket in [own, path] {
            try await eventually("they have gone, and their count") {
                try await onThread { (try? Self.served(socket)) != nil }
            }
        }
        try await agent.stop()
    }

    private static func answer(_ client: RawConnection) throws -> String {
        try client.send(#"{"jsonrpc":"2.0","id":1,"method":"agent.ping"}"# + "\n")
        return try client.line() ?? ""
    }

    private static func refusal(_ path: String, of params: some Method) async throws -> AgentError {
        try await onThread {
            do {
                _ = try RPCClient(path: path).call(params)
            } catch RPCClient.Problem.refused(let error) {
                return error
            }
            throw Unexpected("a result where an error was due")
        }
    }

    /// A connection that is answered.
    private static func served(_ path: String) throws -> RawConnection {
        let client = try RawConnection(path)
        let answer = try answer(client)
        guard answer.contains("result") else { throw Unexpected(answer) }
        return client
    }

    /// Answers a ping there, and hides the accounts.
    private static func requireRestricted(_ path: String) async throws {
        let elsewhere = try await Self.refusal(path, of: GetLoginTokenSupport(homeserver: "example.org"))
        #expect(elsewhere.kind == .forbidden && GetLoginTokenSupport.errors.contains(elsewhere.kind))
        let refusal = try await onThread {
            let client = try RPCClient(path: path)
            _ = try client.call(Ping())
            do {
                _ = try client.call(ListAccounts())
            } catch RPCClient.Problem.refused(let error) {
                return error.kind
            }
            throw Unexpected("the restricted socket tells of accounts")
        }
        #expect(refusal == .forbidden)
    }
}
