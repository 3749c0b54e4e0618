import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Answering from elsewhere whether a device is to be signed out.
@Suite struct SignOutApprovalTests {
    private static func params(_ request: SignOutDevice) throws -> String {
        String(decoding: try JSONCoding.encoder(secrets: .revealed).encode(request), as: UTF8.self)
    }

    @Test(.withoutSystemd) func `a yes at another terminal signs the device out, and the prompt vanishes`()
        async throws
    {
        let scene = try await SignOutScene("hang") { $0.asksBeforeSigningOut = false }
        async let revoked = scene.agent.jeton("revoke", scene.device)
        let consent = try await scene.agent.waiting()
        try await eventually("it is shown") { scene.prompt.questions == 1 }
        #expect(consent.wants == .consent && consent.prompt == .agent)
        #expect(consent.account == scene.user.id && consent.homeserver == scene.homeserver.address)
        #expect(consent.device?.deviceId == scene.device && consent.requester?.command == "jeton")
        let pending = try await scene.agent.jeton("pending").output
        #expect(pending.contains("signing out “\(scene.device)”") && pending.contains(scene.user.id), "\(pending)")

        let approved = try await scene.agent.approve(consent, dialogue: [("Do you agree?", "y")])
        #expect(approved.status == 0, "\(approved.output)")
        for part in ["sign a device of yours out", "Device: \(scene.device)", "It calls itself: “jeton”"] {
            #expect(approved.output.contains(part), "\(approved.output)")
        }
        let ended = try await revoked
        #expect(ended.status == 0 && ended.output == "\(scene.device) is signed out.\n", "\(ended.errors)")
        #expect(try await !scene.isSignedIn)
        #expect(scene.agent.logText.contains("the user has agreed from elsewhere"))
        try await scene.end()
    }

    @Test func `a program's own yes counts for nothing, and a no from anywhere is a no`() async throws {
        let scene = try await SignOutScene("hang") { $0.asksBeforeSigningOut = false }
        async let revoked = scene.agent.jeton("revoke", scene.device)
        let consent = try await scene.agent.waiting()
        // It is a child of ours.
        let own = try await scene.agent.refusal(of: ApproveConsent(consentId: consent.consentId))
        #expect(own.kind == .forbidden && own.message.contains("cannot agree in your place"), "\(own)")
        #expect(try await scene.agent.call(ListConsents()).consents == [consent])
        let denied = try await scene.agent.jeton("deny", consent.consentId)
        #expect((denied.status, denied.output) == (0, "Denied.\n"))
        let ended = try await revoked
        #expect(ended.status == 4)
        #expect(ended.errors.contains("The device stays signed in: the user has refused"), "\(ended.errors)")
        for command in ["deny", "approve"] {
            let late = try await scene.agent.jeton(command, consent.consentId)
            #expect(late.status == 1 && late.errors.contains("answered or withdrawn"), "\(late.errors)")
        }
        #expect(await scene.requests == 0)
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }

    @Test func `where the homeserver wants the password, that is what agrees, whoever brings it`() async throws {
        let scene = try await SignOutScene("hang")
        async let revoked = scene.agent.jeton("revoke", scene.device, "--agent-prompt")
        let consent = try await scene.agent.waiting()
        #expect(consent.wants == .auth && consent.prompt == .agent)
        try await eventually("the dialog stands") { scene.prompt.questions == 1 && !scene.prompt.processes.isEmpty }
        // The yes alone is answered by what is wanted, under a name by which nothing is signed out.
        let asked = try await scene.agent.refusal(of: ApproveConsent(consentId: consent.consentId))
        #expect(asked.kind == .authRequired && asked.data["challenge"]?.stringValue == consent.consentId, "\(asked)")
        let stolen = SignOutDevice(deviceId: scene.device, auth: scene.user.auth(consent.consentId))
        #expect(try await scene.agent.refusal(of: stolen).data["field"] == "auth.challenge")
        let typed = "canary-wrong\n"
        let wrong = try await scene.agent.jeton("approve", consent.consentId, "--password-stdin", input: typed)
        #expect(wrong.status == 4 && wrong.errors.contains("Invalid username or password"), "\(wrong.errors)")
        let limits = try await scene.agent.call(GetRateLimitStatus()).limits
        #expect(limits.first { $0.name == .wrongPassword }?.remaining == 4)
        #expect(scene.prompt.questions == 1 && !scene.prompt.processes.isEmpty)
        #expect(try await scene.isSignedIn)

        let password = scene.user.password + "\n"
        let approved = try await scene.agent.jeton("approve", consent.consentId, "--password-stdin", input: password)
        #expect(approved.status == 0, "\(approved.errors)")
        #expect(try await revoked.status == 0)
        #expect(try await !scene.isSignedIn)
        // The question, and both passwords: what is done is not asked for again.
        #expect(await scene.requests == 3)
        try await scene.end()
    }

    @Test func `a challenge that a program holds can be answered or denied elsewhere, too`() async throws {
        let scene = try await SignOutScene()
        let request = SignOutDevice(deviceId: scene.device)
        let refused = try await scene.agent.refusal(of: request).data["challenge"]?.stringValue ?? ""
        var consent = try await scene.agent.waiting()
        #expect(consent.prompt == .caller && consent.wants == .auth && consent.device?.deviceId == scene.device)
        _ = try await scene.agent.call(DenyConsent(consentId: consent.consentId))
        let auth = scene.user.auth(refused)
        let denied = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, auth: auth))
        #expect(denied.kind == .consentDenied && denied.message.hasPrefix("The device stays signed in"), "\(denied)")
        #expect(try await scene.isSignedIn)

        let challenge = try await scene.agent.refusal(of: request).data["challenge"] ?? .null
        consent = try await scene.agent.waiting()
        let password = scene.user.password + "\n"
        let approved = try await scene.agent.jeton("approve", consent.consentId, "--password-stdin", input: password)
        #expect(approved.status == 0, "\(approved.errors)")
        #expect(try await !scene.isSignedIn)
        #expect(try await scene.agent.call(ListConsents()).consents.isEmpty)
        let late = try await scene.agent.refusal(of: DenyConsent(consentId: consent.consentId))
        #expect(late.data["field"] == "consent_id", "\(late)")
        // Who asked is told, once, and nothing more is sent.
        let alone = SignOutDevice(deviceId: scene.device, auth: ["challenge": challenge])
        _ = try await scene.agent.call(alone)
        #expect(try await scene.agent.refusal(of: alone).data["field"] == "auth.challenge")
        #expect(await scene.requests == 3)
        #expect(scene.prompt.questions == 0)
        try await scene.end()
    }

    @Test func `what the user types at the prompt meanwhile changes nothing about it`() async throws {
        let scene = try await SignOutScene("until:typed")
        async let revoked = scene.agent.jeton("revoke", scene.device, "--agent-prompt")
        let consent = try await scene.agent.waiting()
        try await eventually("it is shown") { scene.prompt.questions == 1 }
        await scene.homeserver.server.misbehave(on: scene.path, .hold)
        let request = ApproveConsent(consentId: consent.consentId, auth: scene.user.auth(consent.consentId))
        async let approved = scene.agent.call(request)
        try await eventually("the homeserver has it") { await scene.requests == 2 }
        try scene.prompt.release("typed")
        try await eventually("the dialog is over") { try await scene.agent.call(ListConsents()).consents.isEmpty }
        await scene.homeserver.server.misbehave(on: scene.path, nil)
        await scene.homeserver.server.letGo()
        _ = try await approved
        let ended = try await revoked
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(await scene.requests == 2)
        try await scene.end()
    }

    @Test func `it is withdrawn when its client goes, and when the agent is locked, which nobody approves past`()
        async throws
    {
        let scene = try await SignOutScene("hang")
        let params = try Self.params(SignOutDevice(deviceId: scene.device, prompt: .agent))
        let client = try LineClient(scene.agent)
        client.request("1", SignOutDevice.name, params)
        _ = try await scene.agent.waiting()
        client.close()
        try await eventually("nothing waits") { try await scene.agent.call(ListConsents()).consents.isEmpty }
        try await scene.prompt.isQuiet()

        let other = try LineClient(scene.agent)
        other.request("1", SignOutDevice.name, params)
        _ = try await scene.agent.waiting()
        _ = try await scene.agent.call(LockAgent())
        let locked = try await onThread { try other.next()["error"]?["data"]?["kind"] }
        #expect(locked == "locked")

        other.request("2", SignOutDevice.name, params)
        let consent = try await scene.agent.waiting()
        let auth = scene.user.auth(consent.consentId)
        let refused = try await scene.agent.refusal(of: ApproveConsent(consentId: consent.consentId, auth: auth))
        #expect(refused.kind == .locked)
        _ = try await scene.agent.call(DenyConsent(consentId: consent.consentId))
        let denied = try await onThread { try other.next()["error"]?["data"]?["kind"] }
        #expect(denied == "consent_denied")
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }

    @Test func `without a prompt it waits only for who listens, as long as it would stand, and says which device`()
        async throws
    {
        let scene = try await SignOutScene(configuration: "{prompt_timeout_ms: 1000}", hasPrompt: false) {
            $0.asksBeforeSigningOut = false
        }
        let request = SignOutDevice(deviceId: scene.device)
        let refused = try await scene.agent.refusal(of: request)
        #expect(refused.kind == .promptUnavailable)
        let listener = try LineClient(scene.agent)
        listener.request("1", SubscribeToEvents.name, #"{"types":["consent.requested","consent.denied"]}"#)
        _ = try await onThread { try listener.next() }
        let asking = try LineClient(scene.agent)
        asking.request("1", SignOutDevice.name, try Self.params(request))
        let late = try await onThread { try asking.next()["error"]?["data"]?["kind"] }
        #expect(late == "consent_timeout")
        let told = try await onThread { try (1...2).map { _ in try listener.next()["params"] ?? .null } }
        #expect(told[0]["device"]?["device_id"]?.stringValue == scene.device)
        #expect(told[1]["reason"] == "timed_out")
        #expect(try await scene.isSignedIn)
        try await scene.end()
    }
}
