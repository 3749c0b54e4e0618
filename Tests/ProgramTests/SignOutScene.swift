import DevHomeserver
import TestSupport
import Testing

/// An agent with this prompt, and somebody else's session of its account.
struct SignOutScene {
    let prompt: PromptUnderTest
    let agent: AgentUnderTest
    let user: TestUser
    let other: OtherClient
    let device: String
    let accessToken: String
    /// The homeserver's address of the device.
    let path: String
    let homeserver: DevHomeserverUnderTest

    init(
        _ plan: String = "ok",
        configuration: String = "{}",
        pinentry: String? = nil,
        hasPrompt: Bool = true,
        _ edit: @Sendable (inout DevHomeserver.Options) -> Void = { _ in }
    ) async throws {
        prompt = try await PromptUnderTest(plan, pinentry: pinentry)
        homeserver = try await DevHomeserverUnderTest(.asking, edit)
        user = try await homeserver.newUser()
        let arguments = hasPrompt ? ["--prompt-socket", prompt.socket] : []
        agent = try await AgentUnderTest(configuration: configuration, arguments: arguments).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        other = OtherClient(homeserver.address)
        let session = try await other.logIn(user).body
        device = try #require(session["device_id"])
        accessToken = try #require(session["access_token"])
        path = "/_matrix/client/v3/devices/\(device)"
    }

    var isSignedIn: Bool { get async throws { try await other.whoAmI(accessToken).status == 200 } }

    /// How often the homeserver was asked to sign the device out.
    var requests: Int {
        get async { await homeserver.server.seenRequests.count { $0.method == "DELETE" && $0.path == path } }
    }

    func end() async throws {
        try await prompt.isQuiet()
        try await agent.stop()
    }
}
