import Glibc
import JetonAPI
import RPCServer
import TestSupport
import Testing

/// Half of a crowd leaves, and there is memory to give back.
struct EbbTests {
    @Test(.timeLimit(.minutes(5))) func `it is told when half of a crowd has gone`() async throws {
        let folder = try ScratchFolder()
        let socket = try ListeningSocket(at: folder.file("run/a.sock"))
        let uid = Int(geteuid())
        var limits = SocketLimits()
        limits.connectionsPerProcess = 1000
        let (ebbs, ebbed) = AsyncStream.makeStream(of: Void.self)
        let server = try RPCServer(
            listeningOn: [.init(descriptor: socket.descriptor, name: .agent, table: Self.table)],
            limits: CurrentLimits(limits),
            uid: uid,
            identify: { _ in Peer(pid: 1, uid: uid) { Requester(pid: 1, uid: uid) } },
            ebbed: { ebbed.yield() }
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            try await onThread { try Self.comeAndGo(400, at: socket.path) }
            var next = ebbs.makeAsyncIterator()
            #expect(await next.next() != nil)
            group.cancelAll()
        }
    }

    private static var table: MethodTable<Caller> {
        var table = MethodTable<Caller>()
        table.serveAtOnce(Ping.self) { _, _ in Nothing() }
        return table
    }

    private static func comeAndGo(_ count: Int, at path: String) throws {
        let clients = try (1...count).map { _ in try LineClient(path) }
        for client in clients {
            client.request("1", "agent.ping")
            _ = try client.next()
        }
        for client in clients { client.close() }
    }
}
