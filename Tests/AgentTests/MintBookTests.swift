import FoundationEssentials
import JetonAPI
import Testing
import Vault

@testable import Agent

/// A book that is opened anew is as after a crash: all it knows is what was on the disk.
struct MintBookTests {
    private let clock = TestClock()
    private let temporary: TemporaryFolder
    private let folder: StateFolder
    private let alice = "@alice:example.org"

    init() throws {
        temporary = try TemporaryFolder()
        folder = try StateFolder(path: "\(temporary.path)/state")
    }

    private func open() throws -> MintBook {
        let clock = clock
        return try MintBook(folder: folder, quotas: Quotas(), clock: { clock.now })
    }

    private func take(_ book: MintBook) async throws -> MintBook.Attempt {
        try await book.take(alice, purpose: "my phone", requester: someone)
    }

    private func obstacle(_ book: MintBook) async -> JSONValue? {
        do throws(AgentError) {
            try await book.check(alice, for: nil, by: nil)
            return nil
        } catch {
            #expect(error.kind == .rateLimited)
            return error.data["retry_after_ms"]
        }
    }

    @Test func `an attempt that a crash cut short counts as spent, and is listed as unknown`() async throws {
        _ = try await take(open())
        let book = try open()
        #expect(await obstacle(book) == 60_000)
        let tokens = await book.tokens(of: nil)
        #expect(tokens.map(\.state) == [.unknown])
        #expect(tokens.first?.expiresAt == clock.now.advanced(by: .seconds(3600)))
        #expect(tokens.first?.purpose == "my phone" && tokens.first?.requester == someone)
    }

    @Test func `a token that was minted is listed until long after it has expired`() async throws {
        let book = try open()
        let attempt = try await take(book)
        let entry = try await book.settle(attempt, expiresInMs: 120_000)
        #expect(entry.expiresAt == clock.now.advanced(by: .seconds(120)))
        let again = try open()
        #expect(await again.tokens(of: [alice]).map(\.state) == [.live])
        #expect(await again.tokens(of: ["@bob:example.org"]) == [])
        clock.advance(by: .seconds(120))
        #expect(await again.tokens(of: nil).map(\.state) == [.expired])
        #expect(await obstacle(again) == nil)
    }

    @Test func `the life of the last token is the guess for the next`() async throws {
        let book = try open()
        _ = try await book.settle(try await take(book), expiresInMs: 120_000)
        clock.advance(by: .seconds(60))
        let attempt = try await take(try open())
        #expect(await (try open()).mayExistUntil(attempt) == clock.now.advanced(by: .seconds(120)))
    }

    @Test func `a permit goes back when nothing was minted`() async throws {
        let book = try open()
        try await book.giveBack(try await take(book))
        for book in [book, try open()] {
            #expect(await obstacle(book) == nil)
            #expect(await book.tokens(of: nil) == [])
        }
    }

    @Test func `a permit goes back to what was there before`() async throws {
        let book = try open()
        _ = try await book.settle(try await take(book), expiresInMs: 120_000)
        clock.advance(by: .seconds(60))
        try await book.giveBack(try await take(book))
        #expect(await obstacle(book) == nil)
        #expect(await book.tokens(of: nil).count == 1)
    }

    @Test func `a permit does not go back when another was taken since`() async throws {
        let book = try open()
        let first = try await take(book)
        clock.advance(by: .seconds(60))
        _ = try await take(book)
        try await book.giveBack(first)
        #expect(await obstacle(book) == 60_000)
        #expect(await book.tokens(of: nil).count == 1)
    }

    @Test func `wrong passwords and a homeserver's wish outlast the process`() async throws {
        for _ in 1...5 { _ = try await open().takePassword(of: alice) }
        #expect(await obstacle(try open()) == 900_000)
        let sixth = await #expect(throws: AgentError.self) { try await open().takePassword(of: alice) }
        #expect(sixth?.data["limit"] == "wrong_password")
        clock.advance(by: .seconds(900))
        _ = try await open().noteLimit(of: alice, retryAfter: .seconds(7))
        #expect(await obstacle(try open()) == 7000)
        let limits = await (try open()).limits(of: [alice], for: someone)
        #expect(limits.map(\.name) == [.loginToken, .wrongPassword])
        #expect(limits.first?.notBeforeReason == .homeserver)
    }

    @Test func `a password on its way counts as a wrong one, until the homeserver says that it is none`() async throws {
        func left(_ book: MintBook) async -> Int { await book.passwordsLeft(of: alice) }
        func guess(_ book: MintBook) async throws -> MintBook.Attempt {
            clock.advance(by: .seconds(60))
            return try await book.take(alice, purpose: nil, requester: someone, withPassword: true)
        }
        let book = try open()
        let unheard = try await guess(book)
        // As after kill -9.
        #expect(await left(try open()) == 4)
        try await book.giveBack(unheard)
        for book in [book, try open()] { #expect(await left(book) == 5) }
        try await book.giveBack(try await guess(book), password: .wrong)
        for book in [book, try open()] { #expect(await left(book) == 4) }
        // The stage was right, and another one is still wanted.
        try await book.giveBack(try await guess(book), password: .right)
        for book in [book, try open()] { #expect(await left(book) == 5) }
        try await book.giveBack(try await guess(book), password: .wrong)
        _ = try await book.settle(try await guess(book), expiresInMs: 1000)
        for book in [book, try open()] { #expect(await left(book) == 5) }
        // Without a password nothing is counted, and nothing forgotten.
        try await book.giveBack(try await guess(book), password: .wrong)
        clock.advance(by: .seconds(60))
        _ = try await book.settle(try await take(book), expiresInMs: 1000)
        #expect(await left(book) == 4)
    }

    @Test func `what cannot be written is not granted`() async throws {
        let book = try open()
        let blocker = "\(folder.path)/.mints.jsonl.new"
        try FileManager.default.createDirectory(atPath: blocker, withIntermediateDirectories: false)
        let error = await #expect(throws: AgentError.self) {
            try await book.take("@alice:example.org", purpose: nil, requester: someone)
        }
        #expect(error?.kind == .storageFailed)
        #expect(error?.data["path"]?.stringValue == blocker)
        #expect(await book.tokens(of: nil) == [])
        try FileManager.default.removeItem(atPath: blocker)
        _ = try await take(book)
    }

    @Test func `a homeserver's nonsense about the life of a token ends nothing`() async throws {
        let book = try open()
        _ = try await book.settle(try await take(book), expiresInMs: .max)
        let again = try open()
        #expect(await again.tokens(of: nil).map(\.state) == [.live])
        #expect(await again.tokens(of: nil) == book.tokens(of: nil))
    }

    @Test func `a requester's own limit is for its unit, whatever the account, and outlasts the process`() async throws
    {
        var quotas = Quotas()
        quotas.requester = Quota(count: 1, perMs: 600_000)
        let open = { [clock, folder] in try MintBook(folder: folder, quotas: quotas, clock: { clock.now }) }
        let build = Requester(pid: 1, uid: 1000, command: "a", unit: "build.service")
        // Another name and another pid make no other requester.
        let again = Requester(pid: 2, uid: 1000, command: "b", unit: "build.service")
        let other = Requester(pid: 3, uid: 1000, command: "a", unit: "other.service")
        let loose = Requester(pid: 4, uid: 1000, command: "a")
        _ = try await open().take(alice, purpose: nil, requester: build)
        let book = try open()
        let refused = await #expect(throws: AgentError.self) {
            try await book.check("@bob:example.org", for: nil, by: again)
        }
        #expect(refused?.kind == .rateLimited && refused?.data["limit"] == "requester")
        for requester in [other, loose] { try await book.check("@bob:example.org", for: nil, by: requester) }
        let limit = await book.limits(of: [], for: again).first
        #expect(limit?.name == .requester && limit?.remaining == 0 && limit?.retryAfterMs == 600_000)
        #expect(await book.limits(of: [], for: loose).first?.remaining == 1)
        clock.advance(by: .seconds(600))
        #expect(await book.limits(of: [], for: again).first?.remaining == 1)
    }

    @Test func `a requester's permit goes back with the account's`() async throws {
        var quotas = Quotas()
        quotas.requester = Quota(count: 1, perMs: 600_000)
        let book = try MintBook(folder: folder, quotas: quotas, clock: { [clock] in clock.now })
        try await book.giveBack(try await book.take(alice, purpose: nil, requester: someone))
        #expect(await book.limits(of: [alice], for: someone).map(\.remaining) == [1, 1, 5])
        _ = try await book.take(alice, purpose: nil, requester: someone)
    }

    @Test func `a requester's permit goes back whatever others have taken since`() async throws {
        var quotas = Quotas()
        quotas.requester = Quota(count: 1, perMs: 600_000)
        let book = try MintBook(folder: folder, quotas: quotas, clock: { [clock] in clock.now })
        let other = Requester(pid: 3, uid: 1000, command: "a", unit: "other.service")
        let attempt = try await book.take(alice, purpose: nil, requester: someone)
        _ = try await book.take("@bob:example.org", purpose: nil, requester: other)
        try await book.giveBack(attempt)
        #expect(await book.limits(of: [], for: someone).first?.remaining == 1)
        #expect(await book.limits(of: [], for: other).first?.remaining == 0)
    }

    @Test func `a requester's limit runs out in time though the clock was set back, however often it is looked at`()
        async throws
    {
        var quotas = Quotas()
        quotas.requester = Quota(count: 1, perMs: 600_000)
        let book = try MintBook(folder: folder, quotas: quotas, clock: { [clock] in clock.now })
        _ = try await book.take(alice, purpose: nil, requester: someone)
        clock.advance(by: .seconds(-86_400))
        for _ in 1...3 {
            await #expect(throws: AgentError.self) { try await book.check("@bob:example.org", for: nil, by: someone) }
            clock.advance(by: .seconds(200))
        }
        try await book.check("@bob:example.org", for: nil, by: someone)
    }

    @Test func `a wrong password that is noted while a requester's permit goes back is not lost`() async throws {
        var quotas = Quotas()
        quotas.requester = Quota(count: 1, perMs: 600_000)
        let book = try MintBook(folder: folder, quotas: quotas, clock: { [clock] in clock.now })
        for _ in 1...5 {
            let attempt = try await take(book)
            let returning = Task { try await book.giveBack(attempt) }
            while await book.limits(of: [], for: someone).first?.remaining == 0 { await Task.yield() }
            _ = try await book.takePassword(of: alice)
            try await returning.value
        }
        for book in [book, try open()] { #expect(await obstacle(book) == 900_000) }
    }

    @Test func `what was minted already is written down whatever limit stands in the way`() async throws {
        let book = try open()
        _ = try await take(book)
        let entry = try await book.settle(
            try await book.record(alice, purpose: "late", requester: someone),
            expiresInMs: 120_000
        )
        #expect(await book.tokens(of: [alice]).map(\.tokenId).contains(entry.tokenId))
        #expect(await obstacle(book) != nil)
    }

    @Test func `a ledger of before requesters had units still loads`() async throws {
        let entry = """
            {"token_id":"t-1","issued_at":"2026-11-23T12:00:00.000Z","expires_at":"2026-11-23T12:02:00.000Z",\
            "is_settled":true,"requester":{"pid":4712,"uid":1000,"command":"jeton"}}
            """
        let record = "{\"meter\":{},\"wrong_passwords\":[],\"entries\":[\(entry)]}"
        let file = "\(folder.path)/mints.json"
        try Data("{\"version\":1,\"value\":{\"\(alice)\":\(record)}}".utf8).write(to: URL(filePath: file))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file)
        let book = try open()
        #expect(await book.tokens(of: nil).first?.requester == someone)
        // With the first change it becomes a log.
        _ = try await take(book)
        #expect(!FileManager.default.fileExists(atPath: file))
        #expect(await (try open()).tokens(of: nil).map(\.tokenId) == book.tokens(of: nil).map(\.tokenId))
        #expect(await (try open()).tokens(of: nil).map(\.tokenId).contains("t-1"))
    }

    private var ledger: String { "\(folder.path)/mints.jsonl" }

    private func ledgerText() throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: ledger)), as: UTF8.self)
    }

    @Test func `what a change costs does not grow with the ledger, and the ledger does not grow for ever`() async throws
    {
        let book = try open()
        var largest = 0
        var wasRewritten = false
        var size = 0
        for _ in 1...600 {
            let attempt = try await book.record(alice, purpose: nil, requester: someone)
            _ = try await book.settle(attempt, expiresInMs: 120_000)
            let now = try ledgerText().utf8.count
            if now < size { wasRewritten = true } else if size > 0 { largest = max(largest, now - size) }
            size = now
        }
        #expect(largest < 2000)
        #expect(wasRewritten)
        #expect(await (try open()).tokens(of: nil) == book.tokens(of: nil))
    }

    /// The first change writes the whole ledger, later ones append to it.
    @Test(arguments: [true, false])
    func `promise 4: a permit is on the disk before it is granted, and what a crash cut short later takes none back`(
        isFirst: Bool
    ) async throws {
        let book = try open()
        if !isFirst { _ = try await book.noteLimit(of: "@bob:example.org", retryAfter: .seconds(1)) }
        let attempt = try await take(book)
        let taken = try ledgerText()
        _ = try await book.settle(attempt, expiresInMs: 120_000)
        #expect(try ledgerText().hasPrefix(taken))
        let half = taken + String(try ledgerText().dropFirst(taken.count).dropLast(10))
        try Data(half.utf8).write(to: URL(filePath: ledger))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: ledger)
        let again = try open()
        #expect(await again.tokens(of: nil).map(\.state) == [.unknown])
        #expect(await obstacle(again) == 60_000)
        // What was half written is not in the way of what comes next.
        clock.advance(by: .seconds(60))
        _ = try await again.settle(try await take(again), expiresInMs: 120_000)
        #expect(await (try open()).tokens(of: nil).map(\.state) == [.live, .unknown])
    }

    @Test func `after a write that failed the whole ledger is written anew`() async throws {
        let book = try open()
        _ = try await book.settle(try await take(book), expiresInMs: 120_000)
        clock.advance(by: .seconds(60))
        try FileManager.default.removeItem(atPath: ledger)
        await #expect(throws: AgentError.self) { try await book.take("@a:b", purpose: nil, requester: someone) }
        #expect(await book.tokens(of: nil).count == 1)
        _ = try await take(book)
        #expect(await (try open()).tokens(of: nil).map(\.state) == [.unknown, .live])
    }

    @Test func `nothing is added to a half line, though the ledger cannot be written anew`() async throws {
        _ = try await take(open())
        let torn = Data(try ledgerText().dropLast(10).utf8)
        try torn.write(to: URL(filePath: ledger))
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: ledger)
        let book = try open()
        let blocker = "\(folder.path)/.mints.jsonl.new"
        try FileManager.default.createDirectory(atPath: blocker, withIntermediateDirectories: false)
        // Whoever comes second must not trust in what the first one is still at.
        let takings = (1...20).map { number in
            Task { try await book.take("@\(number):example.org", purpose: nil, requester: someone) }
        }
        for taking in takings { await #expect(throws: AgentError.self) { try await taking.value } }
        #expect(try Data(contentsOf: URL(filePath: ledger)) == torn)
    }

    @Test func `what fails takes back its own change alone, not what was noted meanwhile`() async throws {
        let book = try open()
        // So many that the next change but one is written by writing the ledger anew.
        for number in 1...1000 { _ = try await book.noteLimit(of: "@bob:example.org", retryAfter: .seconds(number)) }
        try FileManager.default.removeItem(atPath: ledger)
        // At once, so that the book hears of them in this order.
        let failing = Task.immediate { try await book.take(alice, purpose: nil, requester: someone) }
        let noting = Task.immediate { try await book.takePassword(of: alice) }
        let error = await #expect(throws: AgentError.self) { try await failing.value }
        #expect(error?.kind == .storageFailed)
        _ = try await noting.value
        for book in [book, try open()] { #expect(await book.passwordsLeft(of: alice) == 4) }
        #expect(await book.tokens(of: [alice]).isEmpty)
        #expect(await obstacle(book) == nil)
    }

    @Test func `a token that was minted is written down though its attempt is not in the ledger any more`() async throws
    {
        let book = try open()
        let attempt = try await take(book)
        // A ledger holds a hundred.
        for _ in 1...100 { _ = try await book.record(alice, purpose: nil, requester: someone) }
        #expect(await !book.tokens(of: nil).contains { $0.tokenId == attempt.entry.tokenId })
        let entry = try await book.settle(attempt, expiresInMs: 120_000)
        #expect(entry.tokenId == attempt.entry.tokenId && entry.purpose == "my phone")
        for book in [book, try open()] {
            #expect(await book.tokens(of: nil).first { $0.tokenId == attempt.entry.tokenId }?.state == .live)
        }
    }

    @Test func `lists the newest first`() async throws {
        let book = try open()
        var ids: [String] = []
        for _ in 1...3 {
            ids.insert(try await take(book).entry.tokenId, at: 0)
            clock.advance(by: .seconds(60))
        }
        #expect(await book.tokens(of: nil).map(\.tokenId) == ids)
    }
}
