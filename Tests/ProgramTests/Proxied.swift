import JetonAPI
import TestSupport
import Testing

/// What a homeserver is asked when tokens are renewed, and when what it can do is looked up.
enum Paths {
    static let refresh = "/_matrix/client/v3/refresh"
    static let capabilities = "/_matrix/client/v3/capabilities"
}

/// An agent that is signed in as somebody new at a real homeserver, by way of a proxy of the test's own.
struct Proxied {
    let homeserver: SynapseUnderTest
    let proxy: Proxy
    let agent: AgentUnderTest
    let user: TestUser
    let device: String

    init(_ setup: Setup) async throws {
        homeserver = try await SynapseUnderTest.running(setup)
        proxy = try Proxy(before: homeserver.address)
        agent = try await AgentUnderTest().start()
        user = try await homeserver.newUser()
        device = try await agent.logIn(user, at: proxy.address).deviceId
    }
}

extension AgentUnderTest {
    /// The session is whole, and was never given up: the homeserver takes its tokens, on the device of old.
    func expectSession(on device: String) async throws {
        #expect(try await call(GetLoginTokenSupport()).supported)
        let account = try await call(GetAccountStatus()).account
        #expect(account.state == .active)
        #expect(account.deviceId == device)
        #expect(!logText.contains("has ended the session"))
    }
}
