import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Signing a device out by the agent's own prompt, so that the program that wants it learns no password.
@Suite struct SignOutPromptTests {
    /// An agent with this prompt, and somebody else's session of its account.
    private struct Scene {
        let prompt: PromptUnderTest
        let agent: AgentUnderTest
        let user: TestUser
        let other: OtherClient
        let device: String
        let accessToken: String

        init() async throws {
            prompt = try await PromptUnderTest()
            let homeserver = try await DevHomeserverUnderTest(.asking)
            user = try await homeserver.newUser()
            let arguments = ["--prompt-socket", prompt.socket]
            agent = try await AgentUnderTest(configuration: "{}", arguments: arguments).start()
            agent.companion = homeserver
            try await agent.logIn(user, at: homeserver.address)
            other = OtherClient(homeserver.address)
            let session = try await other.logIn(user).body
            device = try #require(session["device_id"])
            accessToken = try #require(session["access_token"])
        }

        var isSignedIn: Bool { get async throws { try await other.whoAmI(accessToken).status == 200 } }

        func end() async throws {
            try await prompt.isQuiet()
            try await agent.stop()
        }
    }

    @Test func `the agent asks for the password, says which device it is about, and signs it out`() async throws {
        let scene = try await Scene()
        try scene.prompt.plan("pin:canary-wrong pin:\(scene.user.password)")
        let revoked = try await scene.agent.jeton("revoke", scene.device, "--agent-prompt")
        #expect(revoked.status == 0 && revoked.output == "\(scene.device) is signed out.\n", "\(revoked.errors)")
        #expect(scene.prompt.log.contains("SETERROR That password was wrong; 4 tries are left."))
        for part in ["sign a device of yours out", "Device: \(scene.device)", scene.user.id] {
            #expect(scene.prompt.description.contains(part), "\(scene.prompt.description)")
        }
        #expect(try await !scene.isSignedIn)
        try await scene.end()
    }

    @Test(arguments: [
        ("cancel", AgentError.Kind.consentDenied), ("timeout", .consentTimeout), ("crash", .promptUnavailable),
    ])
    func `whatever else becomes of the question, the device stays signed in`(plan: String, kind: AgentError.Kind)
        async throws
    {
        let scene = try await Scene()
        try scene.prompt.plan(plan)
        let refused = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, prompt: .agent))
        #expect(refused.kind == kind)
        #expect(refused.message.hasPrefix("The device stays signed in: "))
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }

    @Test func `after too many wrong passwords nobody is asked for another`() async throws {
        let scene = try await Scene()
        try scene.prompt.plan("pin:canary-wrong")
        let limited = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, prompt: .agent))
        #expect(limited.kind == .rateLimited && limited.data["limit"] == "wrong_password")
        #expect(scene.prompt.questions == 5)
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }
}
