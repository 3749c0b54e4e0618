import Testing

@testable import JetonAPI

struct IncomingTests {
    private func incoming(_ line: String) -> Incoming { Incoming(line: Array(line.utf8)) }

    private func call(_ line: String) throws -> Call {
        guard case .call(let call) = incoming(line) else { throw Unexpected(line: line) }
        return call
    }

    private func refusal(_ line: String) throws -> Incoming.Refusal {
        guard case .refused(let refusal) = incoming(line) else { throw Unexpected(line: line) }
        return refusal
    }

    private struct Unexpected: Error { var line: String }

    @Test(arguments: [
        "123456789012345678901234567890", "1.0", "-0", "1e5", "\"\\u00e9\"", "\"é\"", "\"\"", "\"\\/\"", "null", "0",
        "\"a\\u0000b\"",
    ])
    func `keeps an id byte for byte`(_ id: String) throws {
        let call = try call("{\"jsonrpc\":\"2.0\", \"id\" : \(id) , \"method\":\"m\"}")
        #expect(call.id?.text == id)
    }

    @Test func `a request without id is a notification, one with null is not`() throws {
        #expect(try call("{\"jsonrpc\":\"2.0\",\"method\":\"m\"}").id == nil)
        #expect(try call("{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":null}").id == .null)
    }

    @Test(arguments: ["true", "{}", "[1]"])
    func `refuses an id that is no id`(_ id: String) throws {
        let refusal = try refusal("{\"jsonrpc\":\"2.0\",\"id\":\(id),\"method\":\"m\"}")
        #expect(refusal.error.kind == .invalidRequest)
        #expect(refusal.id == .null)
    }

    @Test(arguments: [
        ("{\"jsonrpc\":\"1.0\",\"id\":7,\"method\":\"m\"}", "7"), ("{\"id\":7,\"method\":\"m\"}", "7"),
        ("{\"jsonrpc\":2.0,\"id\":7,\"method\":\"m\"}", "7"), ("{\"jsonrpc\":\"2.0\",\"id\":7}", "7"),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":null}", "7"),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\",\"params\":null}", "7"),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\",\"params\":\"p\"}", "7"),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"id\":8,\"method\":\"m\"}", "null"),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\",\"method\":\"n\"}", "null"),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"m\",\"params\":{\"a\":{\"b\":1,\"b\":1}}}", "null"),
        ("1", "null"), ("\"{}\"", "null"), ("null", "null"), ("{}", "null"),
    ])
    func `refuses what is no request, with its id where that is certain`(_ line: String, _ id: String) throws {
        let refusal = try refusal(line)
        #expect(refusal.error.kind == .invalidRequest)
        #expect(refusal.id.text == id)
    }

    @Test func `names what is given twice`() throws {
        let error = try refusal("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"m\",\"params\":{\"a\":1,\"a\":2}}").error
        #expect(error.message == "This is no JSON-RPC 2.0 request: \"a\" is given twice.")
    }

    @Test func `says at which byte a line is not JSON`() throws {
        let error = try refusal("{\"jsonrpc\": \"2.0\", \"method\": \"foobar, \"params\": \"bar\", \"baz]").error
        #expect(error.kind == .parseError)
        #expect(error.data["detail"]?.stringValue?.hasPrefix("at byte 39: ") == true)
        #expect(try refusal("").error.kind == .parseError)
    }

    @Test(
        arguments: [[0xFF], [0x22, 0xC3, 0x22], [0x22, 0xC0, 0x80, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22]] as [[UInt8]]
    )
    func `refuses a line that is not UTF-8`(_ line: [UInt8]) throws {
        guard case .refused(let refusal) = Incoming(line: line) else { throw Unexpected(line: "") }
        #expect(refusal.error == .parseError("the line is not UTF-8"))
    }

    private func batch(of count: Int) -> String {
        "[" + Array(repeating: "{\"jsonrpc\":\"2.0\",\"method\":\"m\",\"id\":1}", count: count).joined(separator: ",")
            + "]"
    }

    @Test func `takes batches of 1 to 32`() throws {
        for count in [1, 2, 32] {
            guard case .batch(let members) = incoming(batch(of: count)) else { throw Unexpected(line: "\(count)") }
            #expect(members.count == count)
            #expect(members.allSatisfy { (try? $0.get()) != nil })
        }
        #expect(try refusal("[]").error.kind == .invalidRequest)
        let many = try refusal(batch(of: 33))
        #expect(many.error.message.contains("at most 32 requests, this one 33"))
        #expect(many.id == .null)
    }

    @Test func `a batch keeps its good members beside its bad ones`() throws {
        let line = "[1,{\"jsonrpc\":\"2.0\",\"method\":\"m\"},{\"id\":5,\"method\":\"m\"},[]]"
        guard case .batch(let members) = incoming(line) else { throw Unexpected(line: line) }
        let outcomes = members.map { member in
            switch member {
            case .success(let call): "call \(call.method)"
            case .failure(let refusal): "\(refusal.error.kind) \(refusal.id.text)"
            }
        }
        #expect(outcomes == ["invalidRequest null", "call m", "invalidRequest 5", "invalidRequest null"])
    }
}
