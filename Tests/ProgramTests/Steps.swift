import DevHomeserver
import JetonAPI
import RPCClient
import TestSupport

/// An agent that is signed in as somebody new at a homeserver.
func signedIn(
    _ kind: HomeserverKind,
    _ setup: Setup = .asking,
    configuration: String? = nil
) async throws -> (AgentUnderTest, TestUser, any TestHomeserver) {
    let homeserver = try await kind.homeserver(setup)
    let user = try await homeserver.newUser()
    let agent = try await AgentUnderTest(configuration: configuration).start()
    agent.companion = homeserver
    try await agent.logIn(user, at: homeserver.address)
    return (agent, user, homeserver)
}

/// The same at a small homeserver of the test's own, which can be made to misbehave.
func signedInAtDev(
    _ setup: Setup = .asking,
    _ edit: @Sendable (inout DevHomeserver.Options) -> Void = { _ in }
) async throws -> (AgentUnderTest, TestUser, DevHomeserverUnderTest) {
    let homeserver = try await DevHomeserverUnderTest(setup, edit)
    let user = try await homeserver.newUser()
    let agent = try await AgentUnderTest().start()
    agent.companion = homeserver
    try await agent.logIn(user, at: homeserver.address)
    return (agent, user, homeserver)
}

/// An agent that is signed in at a real homeserver with SSO, whose user types the password at its prompt, and our
/// stand-in where clients look for a browser.
struct SSOScene {
    let homeserver: SynapseUnderTest
    let user: TestUser
    let prompt: PromptUnderTest
    let agent: AgentUnderTest
    /// The agent's own session.
    let own: Account

    init() async throws {
        homeserver = try await SynapseUnderTest.running(.sso)
        user = try await homeserver.newUser()
        prompt = try await PromptUnderTest("pin:\(user.password)")
        agent = try await AgentUnderTest(arguments: ["--prompt-socket", prompt.socket]).start()
        agent.companion = homeserver
        own = try await agent.logIn(user, at: homeserver.address)
        try StandIn.install()
    }
}

extension AgentUnderTest {
    /// Asks for a login token, and gives the challenge that comes back.
    func challenge(purpose: String? = nil) async throws -> String {
        let asked = try await refusal(of: GenerateLoginToken(purpose: purpose))
        guard let challenge = asked.data["challenge"]?.stringValue else { throw Unexpected("no challenge: \(asked)") }
        return challenge
    }

    @discardableResult
    func logIn(_ user: TestUser, at address: String) async throws -> Account {
        try await call(LogIn(userId: user.id, homeserver: address, password: Secret(user.password))).account
    }

    /// The whole way to a login token: the challenge, then the password.
    func mint(for user: TestUser, purpose: String? = "a test") async throws -> GenerateLoginToken.Result {
        let asked = try await refusal(of: GenerateLoginToken(account: user.id, purpose: purpose))
        guard asked.kind == .authRequired, let challenge = asked.data["challenge"]?.stringValue else {
            throw Unexpected("not asked for a password: \(asked)")
        }
        return try await call(GenerateLoginToken(account: user.id, purpose: purpose, auth: user.auth(challenge)))
    }

    /// Waits until the agent has looked which devices there are. It does so while a token is minted, which waits for
    /// nothing: on a busy machine a client could be quicker, and be taken for one that was there before.
    func expectLook(at user: TestUser, _ homeserver: any TestHomeserver) async throws {
        try await eventually("the devices are looked at") { try await homeserver.looks(at: user) > 0 }
    }

    /// Calls again each time a limit says when.
    func patiently(_ request: GenerateLoginToken) async throws -> GenerateLoginToken.Result {
        while true {
            do {
                return try await call(request)
            } catch RPCClient.Problem.refused(let error) where error.kind == .rateLimited {
                let wait = error.data["retry_after_ms"]?.integerValue ?? 0
                guard wait <= 60_000 else { throw error }
                try await Task.sleep(for: .milliseconds(wait))
            }
        }
    }
}

extension TestUser {
    /// The answer to a challenge, with the right password if none is given.
    func auth(_ challenge: String, password: String? = nil) -> [String: JSONValue] {
        [
            "type": "m.login.password", "challenge": .string(challenge), "password": .string(password ?? self.password),
            "identifier": ["type": "m.id.user", "user": .string(id)],
        ]
    }
}

extension OtherClient {
    /// A login token that somebody mints elsewhere.
    func loginToken(of user: TestUser) async throws -> String {
        let accessToken = try await logIn(user).body["access_token"] ?? ""
        guard let token = try await mint(user, accessToken).body["login_token"] else { throw Unexpected("no token") }
        return token
    }
}
