import Testing
import Vault

struct StateLogTests {
    private struct Change: Codable, Sendable, Equatable {
        var userId: String
        var count: Int
    }

    private let temporary: TemporaryFolder
    private let log: StateLog<Change>
    private let changes = (1...3).map { Change(userId: "@a:b", count: $0) }

    init() throws {
        temporary = try TemporaryFolder()
        log = StateLog("l.jsonl", in: try StateFolder(path: temporary.path))
    }

    @Test(arguments: [Durability.process, .machine])
    func `keeps what it began with and each change after it, a line each`(_ durability: Durability) async throws {
        #expect(try log.load() == nil)
        try await log.replace(with: [changes[0]])
        for change in changes.dropFirst() { try await log.append(change, until: durability) }
        #expect(try log.load() == changes)
        #expect(
            try temporary.text(of: "l.jsonl") == """
                {"version":1}
                {"count":1,"user_id":"@a:b"}
                {"count":2,"user_id":"@a:b"}
                {"count":3,"user_id":"@a:b"}

                """
        )
        #expect(try temporary.mode(of: "l.jsonl") == 0o600)
        try await log.replace(with: [])
        #expect(try log.load() == [])
    }

    @Test func `a change that a crash cut short does not count, wherever it was cut`() async throws {
        try await log.replace(with: changes)
        let whole = try temporary.text(of: "l.jsonl")
        for cut in 1...28 {
            try temporary.write(String(whole.dropLast(cut)), to: "l.jsonl")
            #expect(try log.load() == changes.dropLast())
        }
    }

    @Test func `nothing is appended where there is no log`() async throws {
        await #expect(throws: StorageProblem.self) { try await log.append(changes[0], until: .machine) }
        #expect(try log.load() == nil)
    }

    @Test(arguments: [
        ("", "is damaged (its first line is no JSON with a version)"),
        ("{\"version\":1}", "is damaged (its first line is no JSON with a version)"),
        ("{\"count\":1,\"user_id\":\"@a:b\"}\n", "is damaged (its first line is no JSON with a version)"),
        ("{\"version\":1}\n{\"count\":1}\n", "is damaged (line 2 is not of the agent's form)"),
        ("{\"version\":1}\n\n", "is damaged (line 2 is not of the agent's form)"),
        (
            "{\"version\":1}\n{\"count\":1,\"user_id\":\"\"}\n{\"count\":2,\"us{\"count\":3,\"user_id\":\"\"}\n",
            "is damaged (line 3 is not of the agent's form)"
        ),
        ("{\"version\":2}\nanything\n", "was written by a newer jetond (form 2, known: 1); update jetond"),
    ])
    func `names a file that it cannot read, and leaves it as it is`(_ text: String, _ detail: String) throws {
        try temporary.write(text, to: "l.jsonl")
        let problem = #expect(throws: StorageProblem.self) { try log.load() }
        #expect(problem?.path == "\(temporary.path)/l.jsonl")
        #expect(problem?.detail.hasPrefix(detail) == true, "\(problem?.detail ?? "")")
        #expect(try temporary.text(of: "l.jsonl") == text)
    }
}
