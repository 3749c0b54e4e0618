import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Signing a device out by the agent's own prompt, so that the program that wants it learns no password.
@Suite struct SignOutPromptTests {
    @Test func `the agent asks for the password, says which device it is about, and signs it out`() async throws {
        let scene = try await SignOutScene()
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

    @Test func `without a display the agent asks on the terminal of the command, and on no other`() async throws {
        let scene = try await SignOutScene(pinentry: "/usr/bin/pinentry-tty")
        let others = SignOutDevice(deviceId: scene.device, prompt: .agent, terminal: .init(tty: "/dev/tty0"))
        let refused = try await scene.agent.refusal(of: others)
        #expect(refused.kind == .invalidParams && refused.data["field"] == "terminal.tty", "\(refused)")
        let revoked = try await onTerminal(
            ["revoke", scene.device, "--agent-prompt"],
            dialogue: [("Password:", scene.user.password)],
            environment: ["JETON_SOCKET": scene.agent.socket, "TERM": "xterm", "LC_ALL": "C.UTF-8"]
        )
        #expect(revoked.status == 0, "\(revoked.output)")
        #expect(revoked.output.contains("Device: \(scene.device)"), "\(revoked.output)")
        #expect(Canary.secrets(in: revoked.output).isEmpty)
        #expect(try await !scene.isSignedIn)
        try await scene.end()
    }

    @Test(arguments: [
        ("cancel", AgentError.Kind.consentDenied), ("timeout", .consentTimeout), ("crash", .promptUnavailable),
    ])
    func `whatever else becomes of the question, the device stays signed in`(plan: String, kind: AgentError.Kind)
        async throws
    {
        let scene = try await SignOutScene()
        try scene.prompt.plan(plan)
        let refused = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, prompt: .agent))
        #expect(refused.kind == kind)
        #expect(refused.message.hasPrefix("The device stays signed in: "))
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }

    /// Where the homeserver verifies nobody: what it asks for, nil: nothing.
    private static let unverified: [[[String]]?] = [
        nil, [["m.login.dummy"]], [["m.login.terms"]], [["org.example.retina"], ["m.login.password"]],
    ]

    @Test(arguments: SignOutPromptTests.unverified)
    func `who asks cannot answer in the user's place, and without a prompt the cure is named`(flows: [[String]]?)
        async throws
    {
        let scene = try await SignOutScene(hasPrompt: false) {
            $0.asksBeforeSigningOut = flows != nil
            $0.flows = flows ?? $0.flows
        }
        let refused = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device))
        #expect(refused.kind == .promptUnavailable, "\(refused)")
        #expect(refused.data["challenge"] == nil)
        let cure = "set accounts.\"\(scene.user.id)\".consent to \"caller\" in config.json5"
        #expect(refused.message.contains(cure), "\(refused.message)")
        #expect(refused.message.contains("run `jeton approve` in another terminal"), "\(refused.message)")
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }

    @Test(arguments: [nil, [["m.login.dummy"]]] as [[[String]]?])
    func `where nobody is verified, the user's word at the prompt signs out, and nothing else`(flows: [[String]]?)
        async throws
    {
        let scene = try await SignOutScene("cancel") {
            $0.asksBeforeSigningOut = flows != nil
            $0.flows = flows ?? $0.flows
        }
        let request = SignOutDevice(deviceId: scene.device)
        #expect(try await scene.agent.refusal(of: request).kind == .consentDenied)
        #expect(try await scene.isSignedIn)
        try scene.prompt.plan("ok")
        _ = try await scene.agent.call(request)
        #expect(scene.prompt.questions == 2)
        #expect(scene.prompt.description.contains("Device: \(scene.device)"))
        #expect(try await !scene.isSignedIn)
        try await scene.end()
    }

    @Test func `what the prompt cannot ask for is the caller's once the user has agreed`() async throws {
        let scene = try await SignOutScene { $0.flows = [["m.login.terms"]] }
        let asked = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device))
        #expect(asked.kind == .authRequired && scene.prompt.questions == 1, "\(asked)")
        let auth: [String: JSONValue] = ["type": "m.login.terms", "challenge": asked.data["challenge"] ?? .null]
        _ = try await scene.agent.call(SignOutDevice(deviceId: scene.device, auth: auth))
        #expect(scene.prompt.questions == 1)
        #expect(try await !scene.isSignedIn)
        try await scene.end()
    }

    @Test func `a homeserver that comes to verify less than it did is not answered unasked`() async throws {
        let scene = try await SignOutScene("cancel")
        let asked = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device))
        let challenge = asked.data["challenge"] ?? .null
        await scene.homeserver.server.change { $0.flows = [["m.login.terms"]] }
        let alone = SignOutDevice(deviceId: scene.device, auth: ["challenge": challenge])
        let more = try await scene.agent.refusal(of: alone)
        #expect(more.kind == .authRequired, "\(more)")
        let auth: [String: JSONValue] = ["type": "m.login.terms", "challenge": challenge]
        let refused = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, auth: auth))
        #expect(refused.kind == .consentDenied, "\(refused)")
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }

    @Test func `a homeserver that has forgotten its question, and asks none any more, is not begun with anew unasked`()
        async throws
    {
        let scene = try await SignOutScene("cancel")
        let asked = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device))
        let forgotten = #"{"errcode":"M_UNKNOWN","error":"Unknown session ID"}"#
        await scene.homeserver.server.misbehave(on: scene.path, .json(forgotten, status: 400))
        await scene.homeserver.server.change { $0.asksBeforeSigningOut = false }
        let auth = scene.user.auth(asked.data["challenge"]?.stringValue ?? "", password: "canary-wrong")
        let refused = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, auth: auth))
        #expect(refused.kind == .consentDenied, "\(refused)")
        try await scene.end()
    }

    @Test func `under the policy caller nobody is asked besides the caller`() async throws {
        let scene = try await SignOutScene(configuration: "{consent: 'caller'}") { $0.asksBeforeSigningOut = false }
        _ = try await scene.agent.call(SignOutDevice(deviceId: scene.device))
        #expect(scene.prompt.questions == 0)
        #expect(try await !scene.isSignedIn)
        try await scene.end()
    }

    @Test func `a stage that never counts as done ends the question`() async throws {
        // A second question would come to an end, and so would the test.
        let scene = try await SignOutScene("ok cancel") { $0.flows = [["m.login.dummy"]] }
        let unmoved = #"{"session":"x","flows":[{"stages":["m.login.dummy"]}],"params":{},"completed":[]}"#
        await scene.homeserver.server.misbehave(on: scene.path, .json(unmoved, status: 401))
        let refused = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, prompt: .agent))
        #expect(refused.kind == .homeserverError, "\(refused)")
        #expect(refused.message.contains("does not count m.login.dummy as done"))
        #expect(scene.prompt.questions == 1)
        #expect(await scene.requests == 2)
        try await scene.end()
    }

    @Test func `after too many wrong passwords nobody is asked for another`() async throws {
        let scene = try await SignOutScene()
        try scene.prompt.plan("pin:canary-wrong")
        let limited = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, prompt: .agent))
        #expect(limited.kind == .rateLimited && limited.data["limit"] == "wrong_password")
        #expect(scene.prompt.questions == 5)
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }
}
