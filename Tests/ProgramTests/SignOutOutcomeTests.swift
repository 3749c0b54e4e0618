import DevHomeserver
import JetonAPI
import TestSupport
import Testing

/// What a program hears of a sign-out that somebody approves from elsewhere, while its own question ends otherwise.
@Suite struct SignOutOutcomeTests {
    /// An approval that the homeserver has, and whose answer is held, as the question at the prompt comes to its end.
    private struct Race {
        let scene: SignOutScene
        let answer: Encounter
        private let proxy: Proxy

        init(endingBy end: String) async throws {
            scene = try await SignOutScene("until:over:\(end)")
            proxy = try Proxy(before: scene.homeserver.address)
            _ = try await scene.agent.call(LogOut())
            try await scene.agent.logIn(scene.user, at: proxy.address)
            // The first one is the question.
            answer = proxy.expect(.answerHeld, at: "DELETE", scene.path, nth: 2)
        }

        var request: SignOutDevice { SignOutDevice(deviceId: scene.device, prompt: .agent) }

        func approval(password: String? = nil) async throws -> ApproveConsent {
            let consent = try await scene.agent.waiting().consentId
            try await eventually("it is shown") { scene.prompt.questions == 1 }
            return ApproveConsent(consentId: consent, auth: scene.user.auth(consent, password: password))
        }

        func endQuestion() async throws { try await endQuestion { try scene.prompt.release("over") } }

        /// Once the homeserver has the approval.
        func endQuestion(_ end: () async throws -> Void) async throws {
            try await answer.happened()
            try await end()
            try await eventually("nothing is asked any more") {
                try await scene.agent.call(ListConsents()).consents.isEmpty
            }
        }
    }

    @Test(arguments: ["cancel", "timeout", "crash"])
    func `a device that is signed out at that moment is told as signed out`(end: String) async throws {
        let race = try await Race(endingBy: end)
        async let signedOut = race.scene.agent.call(race.request)
        let approval = try await race.approval()
        async let approved = race.scene.agent.call(approval)
        try await race.endQuestion()
        race.answer.letGo()
        _ = try await approved
        _ = try await signedOut
        #expect(try await !race.scene.isSignedIn)
        // It is answered once.
        let late = try await race.scene.agent.refusal(of: DenyConsent(consentId: approval.consentId))
        #expect(late.data["field"] == "consent_id", "\(late)")
        try await race.scene.end()
    }

    @Test func `a lock that comes at that moment does not bring the device back`() async throws {
        let race = try await Race(endingBy: "cancel")
        async let signedOut = race.scene.agent.call(race.request)
        let approval = try await race.approval()
        async let approved = race.scene.agent.call(approval)
        try await race.endQuestion { _ = try await race.scene.agent.call(LockAgent()) }
        race.answer.letGo()
        _ = try await approved
        _ = try await signedOut
        #expect(try await !race.scene.isSignedIn)
        try await race.scene.end()
    }

    @Test func `where the homeserver's answer is lost, nobody is told that the device stays signed in`() async throws {
        let race = try await Race(endingBy: "cancel")
        async let refused = race.scene.agent.refusal(of: race.request)
        let approval = try await race.approval()
        async let lost = race.scene.agent.refusal(of: approval)
        try await race.endQuestion()
        race.answer.abandon()
        #expect(try await lost.kind == .homeserverUnreachable)
        let unknown = try await refused
        #expect(unknown.kind == .outcomeUnknown, "\(unknown)")
        #expect(unknown.message.hasPrefix("Whether the device is signed out is not known"), "\(unknown.message)")
        #expect(unknown.data["stage"] == "request")
        try await race.scene.end()
    }

    @Test func `an approval that fails changes nothing about the no`() async throws {
        let race = try await Race(endingBy: "cancel")
        async let refused = race.scene.agent.refusal(of: race.request)
        let approval = try await race.approval(password: "canary-wrong")
        async let wrong = race.scene.agent.refusal(of: approval)
        try await race.endQuestion()
        race.answer.letGo()
        // That question is over, so nobody is asked for another password.
        #expect(try await wrong.data["field"] == "consent_id")
        let denied = try await refused
        #expect(denied.kind == .consentDenied && denied.message.hasPrefix("The device stays signed in"), "\(denied)")
        #expect(try await race.scene.isSignedIn)
        // Nobody may answer it any more.
        let late = try await race.scene.agent.refusal(of: approval)
        #expect(late.data["field"] == "consent_id", "\(late)")
        try await race.scene.end()
    }

    @Test func `an approval that may have signed the device out is remembered until the question ends`() async throws {
        let scene = try await SignOutScene("until:over:cancel")
        async let refused = scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, prompt: .agent))
        let consent = try await scene.agent.waiting().consentId
        let approval = ApproveConsent(consentId: consent, auth: scene.user.auth(consent))
        await scene.homeserver.server.misbehave(on: scene.path, Self.outOfOrder)
        #expect(try await scene.agent.refusal(of: approval).kind == .homeserverError)
        try await eventually("it is shown") { scene.prompt.questions == 1 }
        try scene.prompt.release("over")
        let unknown = try await refused
        #expect(unknown.kind == .outcomeUnknown && unknown.data["http_status"] == 502, "\(unknown)")
        try await scene.end()
    }

    @Test func `a no from elsewhere after such an approval is told to who asked in the same way`() async throws {
        let scene = try await SignOutScene()
        let request = SignOutDevice(deviceId: scene.device)
        let challenge = try await scene.agent.refusal(of: request).data["challenge"]?.stringValue ?? ""
        let consent = try await scene.agent.waiting().consentId
        let approval = ApproveConsent(consentId: consent, auth: scene.user.auth(consent))
        await scene.homeserver.server.misbehave(on: scene.path, Self.outOfOrder)
        #expect(try await scene.agent.refusal(of: approval).kind == .homeserverError)
        _ = try await scene.agent.call(DenyConsent(consentId: consent))
        let answer = SignOutDevice(deviceId: scene.device, auth: scene.user.auth(challenge))
        let unknown = try await scene.agent.refusal(of: answer)
        #expect(unknown.kind == .outcomeUnknown, "\(unknown)")
        #expect(await scene.requests == 2)
        try await scene.end()
    }

    private static let outOfOrder = DevHomeserver.Misbehaviour.answer(
        status: 502,
        contentType: "",
        body: "",
        headers: [:]
    )
}
