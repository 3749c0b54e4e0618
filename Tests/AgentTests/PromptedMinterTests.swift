import DevHomeserver
import Foundation
import JetonAPI
import Logging
import MatrixClient
import Synchronization
import Testing

@testable import Agent

/// Minting where the agent asks the user itself, as the test answers. Wall time stands still.
@Suite(.timeLimit(.minutes(5))) struct PromptedMinterTests {
    private final class Policy: Sendable { let now = Mutex(ConsentPolicy.prompt) }

    private static let path = "/_matrix/client/v1/login/get_token"
    private static let limit = DevHomeserver.Misbehaviour.answer(
        status: 429,
        contentType: "application/json",
        body: #"{"errcode":"M_LIMIT_EXCEEDED","error":"Too Many Requests","retry_after_ms":7000}"#,
        headers: [:]
    )

    private let home: AccountsUnderTest
    private let book: MintBook
    private let minter: Minter
    private let consents: Consents
    private let policy = Policy()
    private let person = Person()

    init() async throws {
        let home = try await AccountsUnderTest()
        let (clock, policy, person, logger) = (home.clock, policy, person, Logger(label: "test"))
        let now = { @Sendable in clock.now }
        book = try MintBook(folder: home.folder, quotas: Quotas(), clock: now)
        let events = EventHub(metrics: Metrics(since: TestClock.noon), clock: now)
        consents = Consents(events: events, pause: realPause)
        minter = Minter(
            accounts: home.accounts,
            locks: Locks(followsScreen: { false }, consents: consents, events: events, logger: logger),
            book: book,
            support: Support(accounts: home.accounts, transport: home.transport, clock: now),
            policy: { _ in policy.now.withLock { $0 } },
            desk: PromptDesk(Prompter(obstacle: { nil }) { await person.hear($0) }, gap: .zero, pause: realPause),
            consents: consents,
            redemptions: home.redemptions(book),
            promptTimeoutMs: { 60_000 },
            clock: now,
            logger: logger
        )
        self.home = home
    }

    private func generate(_ auth: [String: JSONValue]? = nil) -> Task<GenerateLoginToken.Result, any Error> {
        Task { try await minter.generate(GenerateLoginToken(auth: auth), for: someone, over: .agent) }
    }

    private func refusal(_ request: Task<GenerateLoginToken.Result, any Error>) async throws -> AgentError {
        try #require(await #expect(throws: AgentError.self) { try await request.value })
    }

    /// What a caller sends who knows a password.
    private func password(_ challenge: JSONValue?, _ password: String = "canary-alice") -> [String: JSONValue] {
        [
            "type": "m.login.password", "challenge": challenge ?? "", "password": .string(password),
            "identifier": ["type": "m.id.user", "user": .string(home.alice)],
        ]
    }

    /// The question that stands.
    private func question(_ number: Int = 1) async throws -> String {
        await person.isAsked(number)
        return try #require(consents.all.first?.consentId)
    }

    private func approval(_ consent: String, password typed: String = "canary-alice") async throws -> AgentError {
        let request = ApproveConsent(consentId: consent, auth: password(.string(consent), typed))
        return try #require(
            await #expect(throws: AgentError.self) { try await minter.approve(request, by: someone) }
        )
    }

    /// Whether a question can still be answered.
    private func isOpen(_ consent: String) async -> Bool {
        var challenges = await minter.challenges
        return challenges.find(consentId: consent, at: home.clock.now) != nil
    }

    private var mintRequests: Int { get async { await home.server.seenRequests.count { $0.path == Self.path } } }

    private func wants(_ flows: [[String]]) async { await home.server.change { $0.flows = flows } }

    @Test func `how many tries are left is said as it is when the question is shown`() async throws {
        let requests = [generate(), generate()]
        await person.isAsked()
        while consents.all.count < 2 { await Task.yield() }
        // Meanwhile one goes wrong elsewhere.
        _ = try await book.takePassword(of: home.alice)
        for _ in requests { await person.say(.denied) }
        for request in requests { #expect(try await refusal(request).kind == .consentDenied) }
        #expect(person.questions.map(\.attemptsLeft) == [5, 4])
    }

    @Test func `a question that was answered in vain is not kept for anybody`() async throws {
        let request = generate()
        let consent = try await question()
        // The homeserver has said meanwhile, to somebody else, that it wants to be left alone.
        _ = try await book.noteLimit(of: home.alice, retryAfter: .seconds(7))
        await person.say(.agreed(Secret("canary-alice")))
        let limited = try await refusal(request)
        #expect(limited.kind == .rateLimited && limited.data["challenge"] == nil)
        #expect(await !isOpen(consent))
    }

    @Test func `a limit that an approval meets is no approval: the question stands, and can be approved later`()
        async throws
    {
        let request = generate()
        let consent = try await question()
        await home.server.misbehave(on: Self.path, Self.limit)
        let limited = try await approval(consent)
        #expect(limited.kind == .rateLimited)
        #expect(limited.data["retry_after_ms"] == 7000 && limited.data["challenge"] == nil)
        #expect(consents.all.map(\.consentId) == [consent])
        await home.server.misbehave(on: Self.path, nil)
        home.clock.advance(by: .seconds(7))
        let approved = ApproveConsent(consentId: consent, auth: password(.string(consent)))
        #expect(try await minter.approve(approved, by: someone) == home.alice)
        #expect(try await request.value.userId == home.alice)
        #expect(person.questions.count == 1)
    }

    @Test func `promise 2: with a question of the prompt's that met a limit no program brings an answer of its own`()
        async throws
    {
        let request = generate()
        await person.isAsked()
        await home.server.misbehave(on: Self.path, Self.limit)
        // Nobody looks at it.
        await person.say(.agreed(Secret("canary-wrong")))
        let asked = try await refusal(request)
        #expect(asked.kind == .rateLimited)
        await home.server.misbehave(on: Self.path, nil)
        home.clock.advance(by: .seconds(7))
        let before = await mintRequests
        let brought = try await refusal(generate(password(asked.data["challenge"])))
        #expect(brought.data["field"] == "auth.challenge", "\(brought.message)")
        #expect(await mintRequests == before)
        let alone = generate(["challenge": asked.data["challenge"] ?? ""])
        await person.isAsked(2)
        await person.say(.agreed(Secret("canary-alice")))
        #expect(try await alone.value.userId == home.alice)
    }

    @Test(arguments: [
        (403, #"{"errcode":"M_FORBIDDEN","error":"no"}"#, AgentError.Kind.homeserverError),
        (401, #"{"session":"x","flows":[]}"#, .homeserverError), (500, "{}", .outcomeUnknown),
    ])
    func `what ends an approval for good ends the question too, with the same word`(
        status: Int,
        body: String,
        kind: AgentError.Kind
    ) async throws {
        let request = generate()
        let consent = try await question()
        await home.server.misbehave(
            on: Self.path,
            .answer(status: status, contentType: "application/json", body: body, headers: [:])
        )
        #expect(try await approval(consent).kind == kind)
        #expect(try await refusal(request).kind == kind)
        #expect(consents.all.isEmpty)
        #expect(await !isOpen(consent))
    }

    @Test func `with the account its questions go`() async throws {
        let request = generate()
        let consent = try await question()
        await minter.forget(home.alice)
        #expect(try await refusal(request) == .notLoggedIn(home.alice))
        #expect(consents.all.isEmpty)
        #expect(await !isOpen(consent))
    }

    @Test func `a no at the prompt holds though somebody is just about to approve`() async throws {
        let request = generate()
        let consent = try await question()
        let before = await mintRequests
        await home.server.misbehave(on: Self.path, .hold)
        let approving = Task { try await approval(consent, password: "canary-wrong") }
        while await mintRequests == before { await Task.yield() }
        await person.say(.denied)
        #expect(try await refusal(request).kind == .consentDenied)
        await home.server.misbehave(on: Self.path, nil)
        await home.server.letGo()
        _ = try await approving.value
        #expect(await !isOpen(consent))
    }

    @Test func `what a former session was asked is no question of a later one's`() async throws {
        policy.now.withLock { $0 = .auto }
        let asked = try await refusal(generate())
        let before = await mintRequests
        await home.server.misbehave(on: Self.path, .hold)
        let answered = generate(password(asked.data["challenge"], "canary-wrong"))
        while await mintRequests == before { await Task.yield() }
        let former = try #require(await home.accounts.session(of: home.alice))
        try await home.accounts.forget(former)
        home.clock.advance(by: .seconds(1))
        try await home.signIn()
        await home.server.misbehave(on: Self.path, nil)
        await home.server.letGo()
        #expect(try await refusal(answered) == .notLoggedIn(home.alice))
        #expect(await minter.questionsOfCallers().isEmpty)
    }

    @Test func `promise 2: a question with a way that asks nobody is put to the user before anything is answered`()
        async throws
    {
        await wants([["m.login.dummy", "m.login.password"], ["m.login.dummy"]])
        let request = generate()
        await person.isAsked()
        #expect(await mintRequests == 1)
        await person.say(.denied)
        #expect(try await refusal(request).kind == .consentDenied)
        #expect(await book.tokens(of: nil).isEmpty)
    }

    @Test func `a homeserver that never counts as done what asks for nothing is not asked for ever`() async throws {
        await wants([["m.login.dummy", "m.login.password"]])
        let body = #"{"session":"x","flows":[{"stages":["m.login.dummy","m.login.password"]}]}"#
        await home.server.misbehave(
            on: Self.path,
            .answer(status: 401, contentType: "application/json", body: body, headers: [:])
        )
        let stuck = try await refusal(generate())
        #expect(stuck.kind == .homeserverError && stuck.message.contains("m.login.dummy"), "\(stuck.message)")
        #expect(await mintRequests == 2)
        #expect(person.questions.isEmpty)
    }

    private static let stages: [[String: JSONValue]] = [
        ["type": "m.login.terms"], ["type": "m.login.registration_token", "token": "open-sesame"],
        ["type": "m.login.recaptcha", "response": "open-sesame"],
    ]

    @Test(arguments: stages)
    func `promise 2: where a program can do all by itself, the user is asked first, and only then the program`(
        answer: [String: JSONValue]
    ) async throws {
        policy.now.withLock { $0 = .auto }
        await wants([[answer["type"]?.stringValue ?? ""]])
        let denied = generate()
        await person.say(.denied)
        #expect(try await refusal(denied).kind == .consentDenied)
        let first = generate()
        let consent = try await question(2)
        // A yes, not what the homeserver wants, and not of the program that asks.
        await #expect(throws: AgentError.self) {
            try await minter.approve(ApproveConsent(consentId: consent), by: someone)
        }
        await person.say(.agreed(nil))
        let asked = try await refusal(first)
        #expect(asked.kind == .authRequired)
        #expect(await book.tokens(of: nil).isEmpty)
        var auth = answer
        auth["challenge"] = asked.data["challenge"]
        #expect(try await generate(auth).value.userId == home.alice)
        #expect(person.questions.map(\.kind) == [.confirm, .confirm])
    }

    @Test func `promise 2: a homeserver that no longer verifies the user does not make the program's answer a yes`()
        async throws
    {
        policy.now.withLock { $0 = .auto }
        let asked = try await refusal(generate())
        #expect(person.questions.isEmpty)
        await wants([["m.login.terms"]])
        let terms: [String: JSONValue] = ["type": "m.login.terms", "challenge": asked.data["challenge"] ?? ""]
        #expect(try await refusal(generate(["challenge": asked.data["challenge"] ?? ""])).kind == .authRequired)
        let answered = generate(terms)
        await person.say(.agreed(nil))
        // The program repeats its answer, as to any question.
        let again = try await refusal(answered)
        #expect(again.kind == .authRequired && again.data["challenge"] == asked.data["challenge"])
        #expect(await book.tokens(of: nil).isEmpty)
        #expect(try await generate(terms).value.userId == home.alice)
        #expect(person.questions.count == 1)
    }

    @Test func `promise 2: an answer is not passed on to a session begun anew that verifies nobody`() async throws {
        policy.now.withLock { $0 = .auto }
        await wants([["m.login.terms", "m.login.password"]])
        let asked = try await refusal(generate())
        await wants([["m.login.terms"]])
        await home.server.forgetUIASessions()
        let terms: [String: JSONValue] = ["type": "m.login.terms", "challenge": asked.data["challenge"] ?? ""]
        #expect(try await refusal(generate(terms)).kind == .authRequired)
        #expect(await book.tokens(of: nil).isEmpty)
        let answered = generate(terms)
        await person.say(.denied)
        #expect(try await refusal(answered).kind == .consentDenied)
    }

    @Test func `a password with which another way was gone through to the end forgives none that were wrong`()
        async throws
    {
        policy.now.withLock { $0 = .caller }
        await wants([["m.login.password"], ["m.login.terms", "m.login.dummy"]])
        let asked = try await refusal(generate())
        let challenge = asked.data["challenge"] ?? ""
        _ = try await refusal(generate(password(challenge, "canary-wrong")))
        _ = try await refusal(generate(["type": "m.login.terms", "challenge": challenge]))
        // A homeserver looks whether any way is done, whatever the last answer was.
        await wants([["m.login.password"], ["m.login.terms"]])
        #expect(try await generate(password(challenge, "canary-wrong")).value.userId == home.alice)
        #expect(await book.passwordsLeft(of: home.alice) == 4)
    }
}
