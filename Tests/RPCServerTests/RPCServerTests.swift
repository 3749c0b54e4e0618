import Glibc
import JetonAPI
import RPCServer
import Synchronization
import TestSupport
import Testing

/// A server on a real socket, with methods of the test's own.
struct RPCServerTests {
    /// Takes its time until it is cancelled.
    private struct Wait: Method {
        static let name = "test.wait"
        static let summary = "Waits."
        static let errors: [AgentError.Kind] = []
        static var example: MethodExample<Wait> { .init(Wait(), gives: Nothing()) }
        typealias Result = Nothing
    }

    private func serve(
        _ table: MethodTable<Caller>,
        to work: @escaping @Sendable (_ path: String) throws -> Void
    ) async throws {
        let folder = try ScratchFolder()
        let socket = try ListeningSocket(at: folder.file("run/a.sock"))
        let uid = Int(geteuid())
        let server = try RPCServer(
            listeningOn: [.init(descriptor: socket.descriptor, name: .agent, table: table)],
            uid: uid,
            identify: { _ in Peer(pid: 1, uid: uid) { Requester(pid: 1, uid: uid) } }
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            try await onThread { try work(socket.path) }
            group.cancelAll()
        }
    }

    private var waiting: MethodTable<Caller> {
        var table = MethodTable<Caller>()
        table.serve(Wait.self) { _, _ throws(AgentError) in
            // Ignoring the failure: it is what this waits for.
            try? await Task.sleep(for: .seconds(3600))
            throw AgentError(.cancelled, "Cancelled.")
        }
        table.serveAtOnce(CancelRequest.self) { request, caller in
            _ = caller.cancel(request.id)
            return Nothing()
        }
        return table
    }

    @Test func `a member of a batch cancels those before it, and not those behind it`() async throws {
        let wait = #"{"jsonrpc":"2.0","id":1,"method":"test.wait"}"#
        let cancel = #"{"jsonrpc":"2.0","id":2,"method":"request.cancel","params":{"id":1}}"#
        try await serve(waiting) { path in
            let client = try LineClient(path)
            client.send("[\(cancel),\(wait)]")
            client.send(cancel)
            let alone = try client.next()
            #expect(alone["id"] == 2)
            let behind = try client.next()
            #expect(Self.ids(behind) == [2, 1])
            client.send("[\(wait),\(cancel)]")
            let before = try client.next()
            #expect(Self.ids(before) == [2, 1])
        }
    }

    @Test func `of a batch whose answers grow too long the rest is refused, save what wants no answer`() async throws {
        let told = Mutex(0)
        var table = MethodTable<Caller>()
        table.serveAtOnce(Tell.self) { _, _ in
            told.withLock { $0 += 1 }
            return .init(text: String(repeating: "x", count: 100_000))
        }
        try await serve(table) { path in
            let client = try LineClient(path)
            let calls = (1...31).map { #"{"jsonrpc":"2.0","id":\#($0),"method":"test.tell"}"# }
            client.send("[\(calls.joined(separator: ",")),{\"jsonrpc\":\"2.0\",\"method\":\"test.tell\"}]")
            let answers = try client.next()
            #expect(Self.ids(answers) == Array(1...31))
            guard case .array(let members) = answers else { return }
            #expect(members[2]["result"] != nil)
            for refused in members[3...] {
                #expect(refused["error"]?["data"]?["kind"] == "busy")
                #expect(refused["error"]?["message"]?.stringValue?.contains("have reached 262144 bytes") == true)
            }
            #expect(told.withLock { $0 } == 4)
        }
    }

    private static func ids(_ batch: JSONValue) -> [Int?] {
        guard case .array(let members) = batch else { return [] }
        return members.map { $0["id"]?.integerValue }
    }

    @Test func `who was sent too much in one go hears when there is room again`() async throws {
        var table = MethodTable<Caller>()
        table.serveAtOnce(Ping.self) { _, caller in
            caller.whenReading { _ = caller.notify(Array(#"{"room":true}"#.utf8)) }
            // In one turn of the loop: all of it is on its way when one more is refused.
            while caller.notify(Array("{}".utf8)) {}
            return Nothing()
        }
        try await serve(table) { path in
            let client = try LineClient(path)
            client.request("1", "agent.ping")
            _ = try client.next { $0["room"] == true }
        }
    }

    /// Its answer is longer than what asks for it.
    private struct Tell: Method {
        static let name = "test.tell"
        static let summary = "Tells a lot."
        static let errors: [AgentError.Kind] = []
        static var example: MethodExample<Tell> { .init(Tell(), gives: Result(text: "x")) }
        struct Result: Codable, Sendable { var text: String }
    }

    @Test func `a client that reads nothing is asked nothing more, and misses no answer later`() async throws {
        let told = Mutex(0)
        var table = MethodTable<Caller>()
        table.serve(Ping.self, always: Nothing())
        table.serveAtOnce(Tell.self) { _, _ in
            told.withLock { $0 += 1 }
            return .init(text: String(repeating: "x", count: 1000))
        }
        try await serve(table) { path in
            let (client, other) = (try LineClient(path), try LineClient(path))
            // The questions fit into the socket, and the answers do not by far.
            let ids = 1...1500
            client.send(ids.map { #"{"jsonrpc":"2.0","id":\#($0),"method":"test.tell"}"# }.joined(separator: "\n"))
            // Each is another turn, in which more would be read.
            for id in 1...20 {
                other.request("\(id)", "agent.ping")
                _ = try other.next()
            }
            #expect(told.withLock { $0 } < 1000)
            for id in ids { #expect(try client.next()["id"] == .integer(id)) }
        }
    }
}
