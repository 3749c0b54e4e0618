import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// What happens is told to those who listen, and counted.
@Suite struct EventTests {
    /// Subscribes; only then the clients' order is certain.
    private func subscribe(_ agent: AgentUnderTest, _ types: String = "null") async throws -> LineClient {
        let client = try LineClient(agent)
        client.request("1", "event.subscribe", "{\"types\":\(types)}")
        #expect(try await onThread { try client.next()["result"] } == [:])
        return client
    }

    private func next(_ type: EventType, on client: LineClient) async throws -> JSONValue {
        let event = try await onThread {
            try client.next { $0["method"] == "event" && $0["params"]?["type"]?.stringValue == type.rawValue }
        }
        #expect(event["jsonrpc"] == "2.0")
        #expect(event["id"] == nil)
        return event["params"] ?? .null
    }

    @Test func `a session and its login tokens are followed from beginning to end`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let client = try await subscribe(agent)
        try await agent.logIn(user, at: homeserver.address)
        #expect(try await next(.accountLoggedIn, on: client)["account"]?.stringValue == user.id)

        let token = try await agent.mint(for: user, purpose: "a phone")
        let issued = try await next(.loginTokenIssued, on: client)
        #expect(issued["account"]?.stringValue == user.id)
        #expect(issued["token_id"]?.stringValue == token.tokenId)
        #expect(issued["purpose"] == "a phone")
        #expect(issued["requester"]?["pid"]?.integerValue == Int(getpid()))
        #expect(Canary.secrets(in: "\(issued)").isEmpty)

        _ = try await agent.refusal(of: GenerateLoginToken(account: user.id))
        let hit = try await next(.rateLimitHit, on: client)
        #expect(hit["scope"] == "local" && hit["limit"] == "login_token")
        #expect(hit["account"]?.stringValue == user.id)

        await homeserver.server.expireAccessTokens(of: user.id.localpart)
        _ = try await agent.call(GetAccountStatus())
        #expect(try await next(.accountRenewed, on: client)["account"]?.stringValue == user.id)
        await homeserver.server.stop()
        _ = try await agent.call(GetAccountStatus())
        #expect(try await next(.accountStateChanged, on: client)["state"] == "offline")
        _ = try await agent.call(LogOut(localOnly: true))
        #expect(try await next(.accountLoggedOut, on: client)["account"]?.stringValue == user.id)

        let counts = try await agent.call(GetMetrics())
        #expect(counts.tokensMinted == 1 && counts.limitsHit == 1)
        #expect(counts.renewalsDone == 1)
        #expect(counts.eventsSent >= 7 && counts.eventsMissed == 0)
        #expect(counts.failuresByKind["auth_required"] == 1 && counts.failuresByKind["rate_limited"] == 1)
        #expect(counts.requestsFailed == 2)
        #expect(counts.connectionsAccepted >= 2 && counts.connectionsRefused == 0)
        async let stopping = next(.agentStopping, on: client)
        try await agent.stop()
        #expect(try await stopping["type"] == "agent.stopping")
    }

    @Test(arguments: [false, true])
    func `a token that expires is told, also where it was minted before the last start`(_ restarts: Bool) async throws {
        let homeserver = try await DevHomeserverUnderTest { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let configuration = "{limits: {login_token: {count: 9, per_ms: 60000}}}"
        let agent = try await AgentUnderTest(configuration: configuration).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        // Whoever mints or subscribes only once it has expired has missed that: slow machines need one that lives longer.
        for seconds in [2, 8, 25] {
            await homeserver.server.change { $0.loginTokenLifetime = .seconds(seconds) }
            guard let token = try? await agent.mint(for: user) else { continue }
            if restarts {
                try await agent.killNine()
                try await agent.start()
            }
            let client = try await subscribe(agent, #"["login_token.expired"]"#)
            let listed = try await agent.call(ListLoginTokens()).tokens.first { $0.tokenId == token.tokenId }
            guard listed?.state == .live else { continue }
            let told = try await onThread {
                try client.next { $0["params"]?["token_id"]?.stringValue == token.tokenId }["params"]?["type"]
            }
            #expect(told == "login_token.expired")
            return try await agent.stop()
        }
        Issue.record("the machine is slower than any token lives")
    }

    @Test func `a subscriber that does not read is told how much it has missed, and the others go on`() async throws {
        // A limit that no busy machine outlasts.
        let limit = "{limits: {login_token: {count: 1, per_ms: 86400000}}}"
        let (agent, user, _) = try await signedIn(.devHomeserver, configuration: limit)
        _ = try await agent.mint(for: user)
        let slow = try await subscribe(agent, #"["rate_limit.hit"]"#)
        let asking = try LineClient(agent)
        // More than the kernel holds for somebody who does not read.
        let rounds = 4000
        try await onThread {
            for round in 1...rounds {
                asking.request("\(round)", "login_token.generate")
                let kind = try asking.next()["error"]?["data"]?["kind"]
                #expect(kind == "rate_limited")
            }
        }
        let (told, missed) = try await onThread { () -> (Int, Int) in
            var (told, missed) = (0, 0)
            while told + missed < rounds {
                let params = try slow.next()["params"]
                if params?["type"] == "events.missed" {
                    missed += params?["missed"]?.integerValue ?? 0
                } else {
                    told += 1
                }
            }
            return (told, missed)
        }
        #expect(told > 0 && missed > 0 && told + missed == rounds)
        let counts = try await agent.call(GetMetrics())
        #expect(counts.eventsMissed == missed && counts.eventsSent == told)
        try await agent.stop()
    }

    @Test func `jeton events shows a line for each, until the agent stops`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let log = try agent.folder.write("", to: "events")
        let json = try agent.folder.write("", to: "events.json")
        let environment = ["JETON_SOCKET": agent.socket]
        let types = ["--types", "login_token.issued", "agent.stopping"]
        let before = try await agent.call(GetMetrics()).requestsAnswered
        let plain = try await RunningProgram("jeton", ["events"], environment: environment, log: log)
        let lines = try await RunningProgram(
            "jeton",
            ["events", "--json"] + types,
            environment: environment,
            log: json
        )
        // Two subscriptions are answered, and each look that was before.
        var looks = 0
        try await eventually("both have subscribed") {
            looks += 1
            return try await agent.call(GetMetrics()).requestsAnswered - before == looks + 2
        }
        _ = try await agent.mint(for: user, purpose: "a phone")
        try await agent.stop()
        #expect(try await plain.ended() == 2)
        #expect(try await lines.ended() == 2)
        let shown = try String(contentsOfFile: log, encoding: .utf8)
        #expect(shown.contains("login_token.issued  account=\(user.id)"))
        #expect(shown.contains("purpose=“a phone”  requester=“"))
        // The error at the end is an object of several lines.
        let objects = try String(contentsOfFile: json, encoding: .utf8).split(separator: "\n").filter {
            $0.hasPrefix("{\"")
        }
        let events = try objects.map { try JSONDecoder().decode(JSONValue.self, from: Data($0.utf8)) }
        #expect(events.map { $0["type"]?.stringValue } == ["login_token.issued", "agent.stopping"])
        #expect(try await agent.jeton("events", "--types", "nonsense").status == 64)
    }
}
