import FoundationEssentials
import Synchronization
import Testing

@testable import JetonAPI

/// Lines in, answers out, by a table with methods of the tests' own.
struct MethodTableTests {
    private struct Subtract: Method {
        static let name = "subtract"
        static let summary = "Subtracts."
        static let errors: [AgentError.Kind] = []
        static var example: MethodExample<Subtract> { .init(Subtract(minuend: 42, subtrahend: 23), gives: 19) }
        typealias Result = Int
        var minuend: Int
        var subtrahend: Int
    }

    /// Gives back what only a name after `convertFromSnakeCase` and a revealed secret can give.
    private struct Whisper: Method {
        static let name = "whisper"
        static let summary = "Whispers."
        static let errors: [AgentError.Kind] = [.busy]
        static var example: MethodExample<Whisper> {
            .init(Whisper(loginToken: nil, at: nil), gives: Result(whatIsSecret: Secret("s"), asker: "a"))
        }
        struct Result: Codable {
            var whatIsSecret: Secret
            var asker: String
        }
        var loginToken: Secret?
        var at: Moment?
        var note: JSONValue?
    }

    private struct Count: Method {
        static let name = "count"
        static let summary = "Counts."
        static let errors: [AgentError.Kind] = []
        static var example: MethodExample<Count> { .init(Count(), gives: 2) }
        typealias Result = Int
    }

    private static let table: MethodTable<String> = {
        var table = MethodTable<String>()
        table.serve(Subtract.self) { request, _ throws(AgentError) in
            let (difference, overflow) = request.minuend.subtractingReportingOverflow(request.subtrahend)
            if overflow { throw AgentError(.busy, "Too much.", ["kind": "mine", "limit": 1]) }
            return difference
        }
        table.serve(Whisper.self) { request, asker in
            .init(whatIsSecret: request.loginToken ?? Secret("none"), asker: asker)
        }
        return table
    }()

    private func answered(_ call: Call) async -> [UInt8]? {
        switch Self.table.answer(call, for: "me") {
        case .ready(let reply): reply
        case .pending(let wait): await wait()
        }
    }

    /// What a server answers to a line, members sorted; an empty text where it answers nothing.
    private func answer(_ line: String) async throws -> String {
        let reply: [UInt8]?
        switch Incoming(line: Array(line.utf8)) {
        case .call(let call): reply = await answered(call)
        case .refused(let refusal): reply = Reply.bytes(id: refusal.id, error: refusal.error)
        case .batch(let members):
            var batch = Reply.Batch()
            for member in members {
                switch member {
                case .success(let call): if let one = await answered(call) { batch.append(one) }
                case .failure(let refusal): batch.append(Reply.bytes(id: refusal.id, error: refusal.error))
                }
            }
            reply = batch.end()
        }
        return reply.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// `id:result` or `id:code` of each answer.
    private func summary(_ line: String) async throws -> [String] {
        let text = try await answer(line)
        guard !text.isEmpty else { return [] }
        let json = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
        let answers = if case .array(let all) = json { all } else { [json] }
        return answers.map { answer in
            #expect(answer["jsonrpc"] == "2.0")
            let id =
                switch answer["id"] {
                case .integer(let number): "\(number)"
                case .string(let text): text
                case let other: "\(other.map { $0 == .null ? "null" : "?" } ?? "none")"
                }
            if let code = answer["error"]?["code"]?.integerValue { return "\(id):\(code)" }
            return "\(id):\(answer["result"]?.integerValue.map { "\($0)" } ?? "…")"
        }
    }

    // JSON-RPC 2.0, section 7, in its order; positional params are refused here, and the methods are other ones.
    @Test(arguments: [
        ("{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": [42, 23], \"id\": 1}", ["1:-32602"]),
        (
            "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"subtrahend\": 23, \"minuend\": 42}, \"id\": 3}",
            ["3:19"]
        ),
        (
            "{\"jsonrpc\": \"2.0\", \"method\": \"subtract\", \"params\": {\"minuend\": 42, \"subtrahend\": 23}, \"id\": 4}",
            ["4:19"]
        ),
        ("{\"jsonrpc\": \"2.0\", \"method\": \"update\", \"params\": [1,2,3,4,5]}", []),
        ("{\"jsonrpc\": \"2.0\", \"method\": \"foobar\"}", []),
        ("{\"jsonrpc\": \"2.0\", \"method\": \"foobar\", \"id\": \"1\"}", ["1:-32601"]),
        ("{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", \"baz]", ["null:-32700"]),
        ("{\"jsonrpc\": \"2.0\", \"method\": 1, \"params\": \"bar\"}", ["null:-32600"]),
        (
            "[{\"jsonrpc\": \"2.0\", \"method\": \"sum\", \"params\": [1,2,4], \"id\": \"1\"},{\"jsonrpc\": \"2.0\", \"method\"]",
            ["null:-32700"]
        ),
        ("[]", ["null:-32600"]),
        ("[1]", ["null:-32600"]),
        ("[1,2,3]", ["null:-32600", "null:-32600", "null:-32600"]),
        (
            """
            [{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 1, "subtrahend": 2}, "id": "1"},\
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},\
            {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},\
            {"foo": "boo"},\
            {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},\
            {"jsonrpc": "2.0", "method": "whisper", "id": "9"}]
            """,
            ["1:-1", "2:-32602", "null:-32600", "5:-32601", "9:…"]
        ),
        (
            """
            [{"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},\
            {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}]
            """,
            []
        ),
    ])
    func `answers the specification's examples`(_ line: String, _ expected: [String]) async throws {
        #expect(try await summary(line) == expected)
    }

    private func request(_ method: String, _ params: String) -> String {
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\(method)\",\"params\":\(params)}"
    }

    @Test(arguments: [
        ("subtract", "{\"minuend\":1}", "subtrahend is missing.", "subtrahend"),
        (
            "subtract", "{\"minuend\":1,\"subtrahend\":\"1\"}", "subtrahend must be an integer, not a string.",
            "subtrahend"
        ),
        (
            "subtract", "{\"minuend\":1,\"subtrahend\":1,\"plus\":1}",
            "plus is not known here; known: minuend, subtrahend.", "plus"
        ),
        ("whisper", "{\"at\":\"noon\"}", "at must be an RFC 3339 time, not \"noon\".", "at"),
        ("whisper", "{\"note\":1e400}", "note must be a number that is not so large.", "note"),
        (
            "whisper", "{\"note\":[1,{\"a\":-1e999}]}", "note[1].a must be a number that is not so large.",
            "note[1].a"
        ),
        ("whisper", "[]", "params must be an object with named members, not an array.", ""),
    ])
    func `says which param is wrong`(_ method: String, _ params: String, _ message: String, _ field: String)
        async throws
    {
        let text = try await answer(request(method, params))
        let error = try #require(try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))["error"])
        #expect(error["code"] == -32602)
        #expect(error["message"]?.stringValue == message)
        #expect(error["data"]?["field"]?.stringValue ?? "" == field)
    }

    @Test(arguments: ["1e400", "-1e-400", "123456789012345678901234567890", "7.0", "\"\\u0061\"", "null"])
    func `a request to be cancelled is named by any id, to the byte`(id: String) async throws {
        let named = Mutex("")
        var table = MethodTable<String>()
        table.serveAtOnce(CancelRequest.self) { request, _ in
            named.withLock { $0 = request.id.text }
            return Nothing()
        }
        guard case .call(let call) = Incoming(line: Array(request(CancelRequest.name, "{\"id\":\(id)}").utf8)),
            case .ready(let reply?) = table.answer(call, for: "me")
        else { throw Late() }
        #expect(named.withLock { $0 } == id, "\(String(decoding: reply, as: UTF8.self))")
    }

    @Test func `misses required params also where there are none at all`() async throws {
        let text = try await answer("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"subtract\"}")
        #expect(text.contains("\"message\":\"minuend is missing.\""))
    }

    @Test func `writes answers as the specification has them, the id as it came`() async throws {
        let id = "123456789012345678901234567890"
        let line = "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"whisper\",\"params\":{\"login_token\":\"a/é\"}}"
        let result = "{\"asker\":\"me\",\"what_is_secret\":\"a/é\"}"
        #expect(try await answer(line) == "{\"jsonrpc\":\"2.0\",\"id\":\(id),\"result\":\(result)}")
        let failed = try await answer(request("subtract", "{\"minuend\":\(Int.min),\"subtrahend\":1}"))
        let error = "{\"code\":-32014,\"data\":{\"kind\":\"busy\",\"limit\":1},\"message\":\"Too much.\"}"
        #expect(failed == "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":\(error)}")
    }

    @Test(arguments: [
        ("agent.ping", "{}", "result"), ("count", "{}", "result"), ("whisper", "[]", "-32602"),
        ("no.such", "{}", "-32601"),
    ])
    func `what needs no waiting is answered at once, and so is what is wrong`(
        _ method: String,
        _ params: String,
        _ part: String
    ) throws {
        var table = Self.table
        table.serve(Ping.self, always: Nothing())
        table.serveAtOnce(Count.self) { _, asker in asker.count }
        guard case .call(let call) = Incoming(line: Array(request(method, params).utf8)),
            case .ready(let reply?) = table.answer(call, for: "me")
        else { throw Late() }
        #expect(String(decoding: reply, as: UTF8.self).contains(part))
    }

    private struct Late: Error {}

    @Test func `an answer that is always the same is made once, when it is first wanted`() throws {
        let made = Mutex(0)
        var table = MethodTable<String>()
        table.serve(
            Count.self,
            always: made.withLock {
                $0 += 1
                return $0
            }
        )
        #expect(made.withLock { $0 } == 0)
        for _ in 1...2 {
            guard case .call(let call) = Incoming(line: Array(request("count", "{}").utf8)),
                case .ready(let reply?) = table.answer(call, for: "me")
            else { throw Late() }
            #expect(String(decoding: reply, as: UTF8.self) == "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":1}")
        }
    }

    @Test func `an unknown method's answer lists the known ones`() async throws {
        let text = try await answer(request("subtrakt", "{}"))
        #expect(text.contains("\"methods\":[\"subtract\",\"whisper\"]"))
        // Where rpc.discover is not among them, it is not named either.
        #expect(text.contains("; known: subtract, whisper."))
        #expect(Self.table.names == ["subtract", "whisper"])
    }
}
