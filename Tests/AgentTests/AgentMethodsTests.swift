import JetonAPI
import Logging
import MatrixClient
import NIOPosix
import SSOCallback
import Testing
import Vault

@testable import Agent

struct AgentMethodsTests {
    @Test func `every method that is described is served, and the other way round`() async throws {
        let temporary = try TemporaryFolder()
        let transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton)
        let agent = try Agent(
            configuration: Configuration(),
            folder: StateFolder(path: "\(temporary.path)/state"),
            transport: transport,
            listen: { path, life in
                let loop = MultiThreadedEventLoopGroup.singleton.next()
                return try await CallbackListener.open(path: path, on: loop, for: life)
            },
            surroundings: .init(
                pid: 1,
                supervised: .init(systemd: false, socketActivated: false, watchdogMs: nil),
                protections: { .init(dumpable: false, memoryLocked: false, sandboxed: false, storage: .plain) },
                accountCountChanged: { _ in },
                setAlarm: { _ in },
                watchNetwork: { _ in }
            ),
            logger: Logger(label: "test")
        )
        #expect(agent.methods.names == OpenRPC.methods.map { $0.name }.sorted())
        try await transport.shutdown()
    }
}
