import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// User-interactive authentication in all its forms.
@Suite struct UIATests {
    /// An agent that is signed in where minting wants these flows.
    private func asked(_ flows: [[String]]) async throws -> (AgentUnderTest, TestUser, DevHomeserverUnderTest) {
        try await signedInAtDev(.asking) { $0.flows = flows }
    }

    /// The same with a prompt, where what is planned becomes of each question.
    private func asked(
        _ flows: [[String]],
        prompt: PromptUnderTest,
        configuration: String? = nil
    ) async throws -> (AgentUnderTest, TestUser, DevHomeserverUnderTest) {
        let homeserver = try await DevHomeserverUnderTest(.asking) { $0.flows = flows }
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(
            configuration: configuration,
            arguments: ["--prompt-socket", prompt.socket]
        ).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        return (agent, user, homeserver)
    }

    /// Answers one stage, and gives the error that asks for the next.
    private func next(
        _ agent: AgentUnderTest,
        _ challenge: JSONValue?,
        _ answer: [String: JSONValue]
    ) async throws -> AgentError {
        var auth = answer
        auth["challenge"] = challenge
        return try await agent.refusal(of: GenerateLoginToken(auth: auth))
    }

    private static let token: [String: JSONValue] = ["type": "m.login.registration_token", "token": "open-sesame"]

    @Test func `goes through a flow stage by stage, and only the last one mints`() async throws {
        let (agent, user, _) = try await asked([
            ["m.login.registration_token", "m.login.terms", "m.login.dummy", "m.login.password"]
        ])
        let first = try await agent.refusal(of: GenerateLoginToken())
        let challenge = first.data["challenge"]
        #expect(first.data["completed"] == [])
        let second = try await next(agent, challenge, Self.token)
        #expect(second.kind == .authRequired && second.data["challenge"] == challenge)
        #expect(second.data["completed"] == ["m.login.registration_token"])
        #expect(second.data["error"] == nil)
        #expect(second.data["params"]?["m.login.terms"]?["policies"] != nil)
        _ = try await next(agent, challenge, ["type": "m.login.terms"])
        let fourth = try await next(agent, challenge, ["type": "m.login.dummy"])
        #expect(
            fourth.data["completed"] == ["m.login.registration_token", "m.login.terms", "m.login.dummy"]
        )
        // Nothing was minted, so nothing was counted.
        #expect(try await agent.call(GetRateLimitStatus()).limits.allSatisfy { $0.remaining > 0 })
        #expect(try await agent.call(ListLoginTokens()).tokens.isEmpty)
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge?.stringValue ?? "")))
        #expect(try await agent.call(ListLoginTokens()).tokens.count == 1)
        try await agent.stop()
    }

    @Test(
        arguments: [
            ("m.login.recaptcha", ["response": "open-sesame"]),
            ("m.login.email.identity", ["threepid_creds": ["sid": "open-sesame", "client_secret": "x"]]),
            ("m.login.msisdn", ["threepid_creds": ["sid": "open-sesame", "client_secret": "x"]]),
        ] as [(String, [String: JSONValue])]
    )
    func `a flow is chosen by answering one of its stages`(stage: String, answer: [String: JSONValue]) async throws {
        let (agent, user, _) = try await asked([["m.login.dummy", "m.login.password"], [stage, "m.login.password"]])
        let challenge = try await agent.challenge()
        let after = try await next(agent, .string(challenge), answer.merging(["type": .string(stage)]) { $1 })
        #expect(after.data["completed"] == [.string(stage)])
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test(
        arguments: [
            ["type": "m.id.user", "user": "USER"], ["type": "m.id.user", "user": "LOCALPART"],
        ] as [[String: String]]
    )
    func `a password is taken with each kind of identifier that the homeserver knows`(identifier: [String: String])
        async throws
    {
        let (agent, user, _) = try await asked([["m.login.password"]])
        var auth = user.auth(try await agent.challenge())
        auth["identifier"] = .object(
            identifier.mapValues {
                .string($0.replacing("USER", with: user.id).replacing("LOCALPART", with: user.id.localpart))
            }
        )
        _ = try await agent.call(GenerateLoginToken(auth: auth))
        try await agent.stop()
    }

    @Test func `what the homeserver cannot read in an answer is told in its words, and may be answered better`()
        async throws
    {
        let (agent, user, _) = try await asked([["m.login.password"]])
        let challenge = try await agent.challenge()
        var auth = user.auth(challenge)
        auth["identifier"] = ["type": "m.id.phone", "country": "GB", "phone": "07700900001"]
        // Synapse says 400 M_UNKNOWN, as of a session that it does not know.
        let refused = try await next(agent, .string(challenge), auth)
        #expect(refused.kind == .homeserverError)
        #expect(refused.message.contains("Unknown login identifier type"))
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test(
        .enabled(if: HomeserverKind.available.contains(.synapse)),
        arguments: [
            ["type": "m.id.thirdparty", "medium": "email", "address": "EMAIL"],
            ["type": "m.id.phone", "country": "GB", "phone": "PHONE"],
        ] as [[String: String]]
    )
    func `at Synapse, a password is taken with an address of the user's too`(identifier: [String: String]) async throws
    {
        let homeserver = try await SynapseUnderTest.running(.asking)
        let user = try await homeserver.newUser()
        let email = "\(user.id.localpart)@example.org"
        // Each is one person's alone.
        let phone = identifier["phone"] == nil ? "07700900001" : "07700900002"
        try await homeserver.newAdmin().setAddresses(email: email, phone: "44\(phone.dropFirst())", of: user)
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        var auth = user.auth(try await agent.challenge())
        auth["identifier"] = .object(
            identifier.mapValues {
                .string($0.replacing("EMAIL", with: email).replacing("PHONE", with: phone))
            }
        )
        let token = try await agent.call(GenerateLoginToken(auth: auth))
        #expect(token.userId == user.id)
        try await agent.stop()
    }

    @Test func `what an answer lacks is named, and costs neither a request nor the challenge`() async throws {
        let (agent, user, homeserver) = try await asked([
            [
                "m.login.password", "m.login.recaptcha", "m.login.email.identity", "m.login.registration_token",
                "m.login.sso",
            ]
        ])
        let challenge = try await agent.challenge()
        let before = await homeserver.mintRequests(of: user)
        let flaws: [([String: JSONValue], String)] = [
            (["password": "canary-x"], "auth.type"),
            (["type": 3], "auth.type"),
            (["type": "m.login.password", "identifier": ["type": "m.id.user", "user": "a"]], "auth.password"),
            (["type": "m.login.password", "password": "canary-x"], "auth.identifier"),
            (
                ["type": "m.login.password", "password": "canary-x", "identifier": ["type": "m.id.user"]],
                "auth.identifier.user"
            ),
            (
                [
                    "type": "m.login.password", "password": "canary-x",
                    "identifier": ["type": "m.id.thirdparty", "medium": "email"],
                ], "auth.identifier.address"
            ),
            (
                [
                    "type": "m.login.password", "password": "canary-x",
                    "identifier": ["type": "m.id.phone", "phone": "1"],
                ], "auth.identifier.country"
            ),
            (["type": "m.login.recaptcha"], "auth.response"),
            (["type": "m.login.email.identity", "threepid_creds": ["sid": "a"]], "auth.threepid_creds.client_secret"),
            (["type": "m.login.registration_token", "token": 1], "auth.token"),
            // Not its turn, not offered, and nothing that could be answered.
            (["type": "m.login.registration_token", "token": "x"], "auth.type"),
            (["type": "m.login.terms"], "auth.type"),
            (["type": "m.login.sso"], "auth.type"),
        ]
        for (auth, field) in flaws {
            let refused = try await next(agent, .string(challenge), auth)
            #expect(refused.kind == .invalidParams, "\(auth)")
            #expect(refused.data["field"] == .string(field), "\(refused.message)")
            #expect(refused.message.hasPrefix(field) || field == "auth.type", "\(refused.message)")
        }
        #expect(await homeserver.mintRequests(of: user) == before)
        let after = try await next(agent, .string(challenge), user.auth(challenge))
        #expect(after.data["completed"] == ["m.login.password"])
        try await agent.stop()
    }

    @Test func `a wrong answer may be given again, and only wrong passwords are counted`() async throws {
        let (agent, user, _) = try await asked([["m.login.registration_token", "m.login.password"]])
        let challenge = try await agent.challenge()
        var wrong = Self.token
        wrong["token"] = "none"
        let refused = try await next(agent, .string(challenge), wrong)
        #expect(refused.data["error"]?["errcode"] == "M_UNAUTHORIZED")
        #expect(refused.data["completed"] == [])
        _ = try await next(agent, .string(challenge), Self.token)
        let remaining = {
            try await agent.call(GetRateLimitStatus()).limits.first { $0.name == .wrongPassword }?.remaining
        }
        #expect(try await remaining() == 5)
        _ = try await next(agent, .string(challenge), user.auth(challenge, password: "canary-wrong"))
        #expect(try await remaining() == 4)
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test(arguments: [
        [["m.login.dummy"], ["m.login.terms"]], [["m.login.terms"]], [["m.login.registration_token"]],
        [["org.example.retina"], ["m.login.password"]],
    ])
    func `promise 2: a question that asks nobody is put to the user, not answered by whoever asks`(flows: [[String]])
        async throws
    {
        let (agent, _, _) = try await asked(flows)
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .promptUnavailable, "\(refused)")
        #expect(refused.data["challenge"] == nil)
        let ended = try await agent.jeton("token")
        #expect(ended.status == 8, "\(ended.errors)")
        #expect(try await agent.call(ListLoginTokens()).tokens.isEmpty)
        try await agent.stop()
    }

    @Test func `what the prompt cannot ask for sends to who can, and under the policy prompt to nobody`() async throws {
        let prompt = try await PromptUnderTest("ok")
        let (trusting, _, _) = try await asked([["m.login.terms"]], prompt: prompt)
        let refused = try await trusting.refusal(of: GenerateLoginToken(prompt: .agent))
        #expect(refused.kind == .promptUnavailable && refused.message.hasSuffix("`jeton token` can."), "\(refused)")
        try await trusting.stop()
        let strict = "{consent: 'prompt'}"
        let (agent, user, _) = try await asked([["m.login.terms"]], prompt: prompt, configuration: strict)
        let forbidden = try await agent.refusal(of: GenerateLoginToken())
        #expect(forbidden.kind == .promptUnavailable)
        #expect(!forbidden.message.contains("`jeton token` can") && !forbidden.message.contains("jeton approve"))
        let cure = "accounts.\"\(user.id)\".consent set to \"auto\" in config.json5"
        #expect(forbidden.message.contains(cure), "\(forbidden.message)")
        try await agent.stop()
    }

    @Test func `a stage that does not count as done is told as such`() async throws {
        let (agent, user, homeserver) = try await asked([["m.login.dummy", "m.login.password"]])
        let challenge = try await agent.challenge()
        let unmoved =
            #"{"session":"x","flows":[{"stages":["m.login.dummy","m.login.password"]}],"params":{},"completed":[]}"#
        await homeserver.server.misbehave(on: Self.path, .json(unmoved, status: 401))
        let refused = try await next(agent, .string(challenge), ["type": "m.login.dummy"])
        #expect(refused.kind == .authRequired)
        #expect(refused.message.contains("m.login.dummy was answered, and does not count as done"))
        // The command does not go on for ever.
        let ended = try await agent.jeton("token", "--password-stdin", input: user.password + "\n")
        #expect(ended.status == 4)
        #expect(ended.errors.contains("does not count as done"))
        try await agent.stop()
    }

    private static let path = "/_matrix/client/v1/login/get_token"

    @Test(arguments: [
        (#"{"session":"x","flows":[]}"#, "offers no way"),
        (#"{"session":"x","flows":[{"stages":["m.login.dummy"]}],"completed":["m.login.dummy"]}"#, "after all that"),
    ])
    func `a question that nobody can answer is the homeserver's error`(answer: String, sentence: String) async throws {
        let (agent, _, homeserver) = try await asked([["m.login.password"]])
        await homeserver.server.misbehave(on: Self.path, .json(answer, status: 401))
        let refused = try await agent.refusal(of: GenerateLoginToken())
        #expect(refused.kind == .homeserverError)
        #expect(refused.message.contains(sentence))
        try await agent.stop()
    }

    @Test func `a forgotten session begins anew, once, and asks again for what is lost`() async throws {
        let (agent, user, homeserver) = try await asked([["m.login.registration_token", "m.login.password"]])
        let challenge = try await agent.challenge()
        // Nothing is lost yet: the answer goes along.
        await homeserver.server.forgetUIASessions()
        let second = try await next(agent, .string(challenge), Self.token)
        #expect(second.data["completed"] == ["m.login.registration_token"])
        await homeserver.server.forgetUIASessions()
        let lost = try await next(agent, .string(challenge), user.auth(challenge))
        #expect(lost.kind == .authRequired)
        #expect(lost.data["challenge"] == .string(challenge))
        #expect(lost.data["completed"] == [])
        #expect(lost.data["error"] == nil)
        _ = try await next(agent, .string(challenge), Self.token)
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test func `a stage of unknown kind is done on its page, after which the challenge alone mints`() async throws {
        let (agent, user, homeserver) = try await asked([["org.example.retina", "m.login.password"], ["m.login.sso"]])
        let asked = try await agent.refusal(of: GenerateLoginToken())
        let challenge = try #require(asked.data["challenge"])
        guard case .object(let pages)? = asked.data["fallback_urls"] else { throw Unexpected("no pages: \(asked)") }
        #expect(Set(pages.keys) == ["org.example.retina", "m.login.sso"])
        let page = try #require(pages["org.example.retina"]?.stringValue)
        #expect(page.hasPrefix("\(homeserver.address)/_matrix/client/v3/auth/org.example.retina/fallback/web?session="))
        // Too early is harmless.
        let early = try await next(agent, challenge, [:])
        #expect(early.kind == .authRequired)
        #expect(early.data["completed"] == [])
        #expect(early.data["error"] == nil)
        #expect(early.data["fallback_urls"] == asked.data["fallback_urls"])
        try await TestBrowser().open(page)
        let after = try await next(agent, challenge, [:])
        #expect(after.data["completed"] == ["org.example.retina"])
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge.stringValue ?? "")))
        #expect(try await agent.call(GetRateLimitStatus()).limits.first { $0.name == .wrongPassword }?.remaining == 5)
        try await agent.stop()
    }

    @Test func `on a terminal, all that can be typed is asked for, and the rest sends to the browser`() async throws {
        let flow = ["m.login.registration_token", "m.login.terms", "m.login.dummy", "m.login.sso", "m.login.password"]
        let homeserver = try await DevHomeserverUnderTest {
            $0.flows = [["m.login.recaptcha", "org.example.retina", "m.login.password"], flow]
            $0.identityProviders = [.init(id: "cas", name: "Test CAS", localpart: "nobody")]
        }
        let user = try await homeserver.newUser()
        await homeserver.server.change { $0.identityProviders[0].localpart = user.id.localpart }
        let agent = try await AgentUnderTest().start()
        try await agent.logIn(user, at: homeserver.address)
        let browser = try TestBrowser()
        let ended = try await onTerminal(
            ["token", "--show", "--socket", agent.socket],
            dialogue: [
                ("Registration token:", "open-sesame"), ("Do you agree? [y/N]", "y"),
                ("Password of", user.password),
            ],
            environment: ["BROWSER": browser.command]
        )
        #expect(ended.status == 0, "\(ended.output)")
        #expect(ended.output.contains("“Terms and Conditions” (1.0): http"))
        #expect(ended.output.contains("waiting for it"))
        #expect(ended.output.contains("syl_"))
        #expect(!ended.output.contains("open-sesame"))
        #expect(try browser.opened().count == 1)
        try await agent.stop()
    }

    @Test func `terms are for the user to agree to, besides the prompt, and one who does not gets nothing`()
        async throws
    {
        let prompt = try await PromptUnderTest("ok")
        let (agent, _, _) = try await asked([["m.login.terms"]], prompt: prompt)
        let denied = try await onTerminal(["token", "--show", "--socket", agent.socket], dialogue: [("[y/N]", "n")])
        #expect(denied.status == 4)
        #expect(denied.output.contains("nothing was minted"))
        // Nor does one who cannot be asked, or has refused at the prompt.
        #expect(try await agent.jeton("token").status == 8)
        try prompt.plan("cancel")
        #expect(try await agent.jeton("token").status == 4)
        #expect(try await agent.call(ListLoginTokens()).tokens.isEmpty)
        try prompt.plan("ok")
        let agreed = try await onTerminal(["token", "--show", "--socket", agent.socket], dialogue: [("[y/N]", "y")])
        #expect(agreed.status == 0 && agreed.output.contains("syl_"), "\(agreed.output)")
        #expect(prompt.questions == 4)
        try await agent.stop()
    }

    @Test func `without a browser the page's address is printed, and the command waits for who opens it elsewhere`()
        async throws
    {
        let prompt = try await PromptUnderTest("ok")
        let (agent, _, homeserver) = try await asked([["m.login.dummy", "org.example.retina"]], prompt: prompt)
        let log = try agent.folder.write("", to: "said")
        let command = try await RunningProgram(
            "jeton",
            ["token", "--show", "--socket", agent.socket],
            // Set, and no browser.
            environment: ["BROWSER": "/nonexistent"],
            log: log
        )
        var page = ""
        try await eventually("the address is printed") {
            let text = try String(contentsOfFile: log, encoding: .utf8)
            page =
                text.firstMatch(of: /http\S+\/org\.example\.retina\/fallback\/web\?session=\S+(?=\n)/).map {
                    String($0.output)
                } ?? ""
            return !page.isEmpty
        }
        #expect(page.hasPrefix(homeserver.address))
        try await TestBrowser().open(page)
        #expect(try await command.ended() == 0)
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("syl_"))
        // What the agent leaves behind is searched for tokens when it ends; this one was asked for.
        try agent.folder.write("", to: "said")
        try await agent.stop()
    }
}

extension DevHomeserver.Misbehaviour {
    static func json(_ body: String, status: Int) -> Self {
        .answer(status: status, contentType: "application/json", body: body, headers: [:])
    }
}
