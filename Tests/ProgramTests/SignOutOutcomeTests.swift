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

        /// - Parameters:
        ///   - end: what the prompt says at last.
        ///   - nth: which request to sign the device out has the held answer; the first one is the question.
        /// - Throws: where it cannot be started.
        init(endingBy end: String, nth: Int = 2) async throws {
            scene = try await SignOutScene("until:over:\(end)")
            proxy = try Proxy(before: scene.homeserver.address)
            _ = try await scene.agent.call(LogOut())
            try await scene.agent.logIn(scene.user, at: proxy.address)
            answer = proxy.expect(.answerHeld, at: "DELETE", scene.path, nth: nth)
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

    /// Answers after which the homeserver goes on with nothing.
    private static let refusals: [DevHomeserver.Misbehaviour] = [
        .json(#"{"errcode":"M_FORBIDDEN","error":"No"}"#, status: 403),
        .json(#"{"session":"x","flows":[{"stages":[]}],"params":{},"completed":[]}"#, status: 401),
        .json(#"{"errcode":"M_UNRECOGNIZED","error":"Unrecognized request"}"#, status: 404),
    ]

    @Test(arguments: SignOutOutcomeTests.refusals)
    func `what such an approval has left unknown, no refusal of the next answer makes known`(
        refusal: DevHomeserver.Misbehaviour
    ) async throws {
        let scene = try await SignOutScene("until:over:pin:canary-any")
        async let refused = scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, prompt: .agent))
        let consent = try await scene.agent.waiting().consentId
        let approval = ApproveConsent(consentId: consent, auth: scene.user.auth(consent))
        await scene.homeserver.server.misbehave(on: scene.path, Self.outOfOrder)
        #expect(try await scene.agent.refusal(of: approval).kind == .homeserverError)
        await scene.homeserver.server.misbehave(on: scene.path, refusal)
        try scene.prompt.release("over")
        let unknown = try await refused
        #expect(unknown.kind == .outcomeUnknown && unknown.data["http_status"] == 502, "\(unknown)")
        #expect(await scene.requests == 3)
        try await scene.end()
    }

    @Test func `a question that is begun with anew keeps what such an approval has left unknown`() async throws {
        let scene = try await SignOutScene("cancel")
        let asked = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device))
        let consent = try await scene.agent.waiting().consentId
        let approval = ApproveConsent(consentId: consent, auth: scene.user.auth(consent))
        await scene.homeserver.server.misbehave(on: scene.path, Self.outOfOrder)
        #expect(try await scene.agent.refusal(of: approval).kind == .homeserverError)
        let forgotten = #"{"errcode":"M_UNKNOWN","error":"Unknown session ID"}"#
        await scene.homeserver.server.misbehave(on: scene.path, .json(forgotten, status: 400))
        await scene.homeserver.server.change { $0.asksBeforeSigningOut = false }
        let auth = scene.user.auth(asked.data["challenge"]?.stringValue ?? "")
        let unknown = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device, auth: auth))
        #expect(scene.prompt.questions == 1)
        #expect(unknown.kind == .outcomeUnknown && unknown.data["http_status"] == 502, "\(unknown)")
        try await scene.end()
    }

    @Test(arguments: ["cancel", "pin:canary-any"])
    func `a second approval that is refused leaves it as unknown as the first one did`(end: String) async throws {
        let race = try await Race(endingBy: end, nth: 3)
        async let refused = race.scene.agent.refusal(of: race.request)
        let approval = try await race.approval()
        await race.scene.homeserver.server.misbehave(on: race.scene.path, Self.outOfOrder)
        #expect(try await race.scene.agent.refusal(of: approval).kind == .homeserverError)
        await race.scene.homeserver.server.misbehave(on: race.scene.path, Self.refusals[0])
        async let second = race.scene.agent.refusal(of: approval)
        try await race.endQuestion()
        race.answer.letGo()
        #expect(try await second.kind == .outcomeUnknown)
        let unknown = try await refused
        #expect(unknown.kind == .outcomeUnknown && unknown.data["http_status"] == 502, "\(unknown)")
        try await race.scene.end()
    }

    @Test func `where the homeserver asks nothing, an answer that is lost leaves it unknown as well`() async throws {
        let scene = try await SignOutScene { $0.asksBeforeSigningOut = false }
        await scene.homeserver.server.misbehave(on: scene.path, Self.outOfOrder)
        let unknown = try await scene.agent.refusal(of: SignOutDevice(deviceId: scene.device))
        #expect(unknown.kind == .outcomeUnknown && unknown.data["http_status"] == 502, "\(unknown)")
        #expect(scene.prompt.questions == 1)
        #expect(await scene.requests == 1)
        try await scene.end()
    }

    @Test(arguments: [false, true])
    func `a user who gives up on the terminal is told whether it was done elsewhere`(isDone: Bool) async throws {
        let scene = try await SignOutScene()
        let proxy = try Proxy(before: scene.homeserver.address)
        _ = try await scene.agent.call(LogOut())
        try await scene.agent.logIn(scene.user, at: proxy.address)
        // The first look is the one before the question.
        let look = proxy.expect(.requestHeld, at: "GET", "/_matrix/client/v3/devices", nth: 2)
        async let revoked = onTerminal(
            ["revoke", scene.device],
            dialogue: [("Password of", "")],
            environment: ["JETON_SOCKET": scene.agent.socket]
        )
        try await look.happened()
        let consent = try await scene.agent.waiting().consentId
        if isDone {
            _ = try await scene.agent.call(ApproveConsent(consentId: consent, auth: scene.user.auth(consent)))
        }
        look.letGo()
        let ended = try await revoked
        let undone = "nothing was entered; this command has not signed the device out"
        let words = isDone ? "\(scene.device) is signed out." : undone
        #expect(ended.status == (isDone ? 0 : 4) && ended.output.contains(words), "\(ended.output)")
        #expect(try await scene.isSignedIn == !isDone)
        try await scene.end()
    }

    private static let outOfOrder = DevHomeserver.Misbehaviour.answer(
        status: 502,
        contentType: "",
        body: "",
        headers: [:]
    )
}
