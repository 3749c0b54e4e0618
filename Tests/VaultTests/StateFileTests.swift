import JetonAPI
import Testing
import Vault

struct StateFileTests {
    private struct Session: Codable, Sendable, Equatable {
        var userId: String
        var accessToken: Secret
        var since: Moment
    }

    private let temporary: TemporaryFolder
    private let folder: StateFolder
    private let file: StateFile<Session>
    private let session = Session(userId: "@a:b", accessToken: Secret("syt/x"), since: Moment(millisecondsSince1970: 7))

    init() throws {
        temporary = try TemporaryFolder()
        folder = try StateFolder(path: temporary.path)
        file = StateFile("s.json", in: folder)
    }

    @Test func `keeps a value with its secrets`() async throws {
        #expect(try file.load() == nil)
        try await file.save(session)
        #expect(try file.load() == session)
        #expect(
            try temporary.text(of: "s.json") == """
                {"value":{"access_token":"syt/x","since":"1970-01-01T00:00:00.007Z","user_id":"@a:b"},"version":1}
                """
        )
        try await file.remove()
        #expect(try file.load() == nil)
    }

    @Test(arguments: [
        ("", "is damaged (it is no JSON with a version)"),
        ("{\"version\":1,\"value\":{\"user_i", "is damaged (it is no JSON with a version)"),
        ("{\"value\":{}}", "is damaged (it is no JSON with a version)"),
        ("{\"version\":1}", "is damaged (what it holds is not of the agent's form)"),
        ("{\"version\":1,\"value\":{\"user_id\":1}}", "is damaged (what it holds is not of the agent's form)"),
        (
            "{\"version\":2,\"value\":{\"anything\":[]}}",
            "was written by a newer jetond (form 2, known: 1); update jetond"
        ),
    ])
    func `names a file that it cannot read, and leaves it as it is`(_ text: String, _ detail: String) throws {
        try temporary.write(text, to: "s.json")
        let problem = #expect(throws: StorageProblem.self) { try file.load() }
        #expect(problem?.path == "\(temporary.path)/s.json")
        #expect(problem?.detail.hasPrefix(detail) == true, "\(problem?.detail ?? "")")
        #expect(try temporary.text(of: "s.json") == text)
    }
}
