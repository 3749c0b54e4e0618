import FoundationEssentials
import JetonAPI
import Logging
import MatrixClient
import NIOPosix
import SSOCallback
import Testing
import Vault

@testable import Agent

struct AgentMethodsTests {
    /// Does something with an agent that holds nothing, or one session at a homeserver that nobody reaches.
    private func withAgent(holding account: String? = nil, _ work: (Agent) async throws -> Void) async throws {
        let temporary = try TemporaryFolder()
        let folder = try StateFolder(path: "\(temporary.path)/state")
        if let account {
            let session = SessionRecord(
                userId: account,
                deviceId: "D",
                homeserver: try HomeserverAddress("http://127.0.0.1:1"),
                accessToken: Secret("syt")
            )
            try await StateFile<SessionRecord>(session.fileName, in: folder).save(session)
        }
        let transport = try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton)
        let agent = try Agent(
            configuration: Configuration(),
            folder: folder,
            transport: transport,
            listen: { path, life in
                let loop = MultiThreadedEventLoopGroup.singleton.next()
                return try await CallbackListener.open(path: path, on: loop, for: life)
            },
            surroundings: .init(
                pid: 1,
                supervised: .init(systemd: false, socketActivated: false, watchdogMs: nil),
                protections: { .example },
                accountCountChanged: { _ in },
                setAlarm: { _ in },
                watchNetwork: { _ in },
                prompter: Prompter(obstacle: { "there is none" }) { _ in .denied },
                pause: realPause,
                loopback: Loopback(listeners: { _, _ in [] }, isAcceptedByUs: { _, _, _ in nil }) { _, _, _, _ in
                    .unreachable
                },
                desktop: Desktop { _ in .failed(reason: "there is none") }
            ),
            logger: Logger(label: "test")
        )
        let result: Result<Void, any Error>
        do { result = .success(try await work(agent)) } catch { result = .failure(error) }
        try await transport.shutdown()
        try result.get()
    }

    @Test func `every method that is described is served, and the other way round`() async throws {
        try await withAgent { agent in
            #expect(agent.methods.names == OpenRPC.methods.map { $0.name }.sorted())
        }
    }

    /// What the restricted socket answers.
    private func restricted(_ agent: Agent, _ method: String, _ params: String) async throws -> JSONValue {
        let line = #"{"jsonrpc":"2.0","id":1,"method":"\#(method)","params":\#(params)}"#
        guard case .call(let call) = Incoming(line: Array(line.utf8)) else { throw CancellationError() }
        let bytes: [UInt8]?
        let caller = Caller(connection: 1, socket: .restricted, peer: Peer(pid: 1, uid: 1) { someone })
        switch agent.restrictedMethods.answer(call, for: caller) {
        case .ready(let reply): bytes = reply
        case .pending(let wait): bytes = await wait()
        }
        return try JSONDecoder().decode(JSONValue.self, from: Data(try #require(bytes)))
    }

    @Test func `the restricted socket tells no more of the agent than its version and its locks`() async throws {
        try await withAgent { agent in
            let status: JSONValue = [
                "version": .string(releaseVersion), "api_version": .integer(apiVersion), "locked_by": [],
            ]
            let told = try await restricted(agent, "agent.status", "{}")
            #expect(told["result"] == status)
            let ping = try await restricted(agent, "agent.ping", "{}")
            #expect(ping["result"] == [:])
        }
    }

    @Test func `the restricted socket knows the screen's lock, and nothing is minted there either`() async throws {
        try await withAgent(holding: "@a:b") { agent in
            agent.noteScreen(isLocked: true)
            let told = try await restricted(agent, "agent.status", "{}")
            #expect(told["result"]?["locked_by"] == ["screen"])
            let error = try await restricted(agent, "login_token.generate", "{}")["error"]
            #expect(error?["data"]?["kind"] == "locked")
            agent.noteScreen(isLocked: false)
            let after = try await restricted(agent, "login_token.generate", "{}")["error"]
            #expect(after?["data"]?["kind"] == "prompt_unavailable")
        }
    }

    @Test func `promise 7: all but four methods are forbidden on the restricted socket, and what is none is not found`()
        async throws
    {
        let allowed = ["agent.ping", "agent.status", "login_token.support", "login_token.generate"]
        try await withAgent { agent in
            #expect(agent.restrictedMethods.names == allowed.sorted())
            for method in OpenRPC.methods where !allowed.contains(method.name) {
                let error = try await restricted(agent, method.name, "{}")["error"]
                #expect(error?["data"]?["kind"] == "forbidden", "\(method.name)")
            }
            let unknown = try await restricted(agent, "no.such", "{}")["error"]
            #expect(unknown?["data"]?["methods"] == .array(allowed.sorted().map { .string($0) }))
        }
    }

    @Test func `promise 7: over the restricted socket only the agent's own prompt would count, whatever the policy`()
        async throws
    {
        try await withAgent(holding: "@a:b") { agent in
            let error = try await restricted(agent, "login_token.generate", #"{"purpose":"x"}"#)["error"]
            #expect(error?["data"]?["kind"] == "prompt_unavailable")
            #expect(error?["message"]?.stringValue?.contains("run `jeton token` where the agent runs") == true)
            // Nothing was asked of the homeserver, which nobody reaches.
            let support = try await restricted(agent, "login_token.support", "{}")["error"]
            #expect(support?["data"]?["kind"] == "homeserver_unreachable")
        }
    }

    @Test(arguments: [
        ("login_token.support", #"{"homeserver":"https://matrix.example.org"}"#, "forbidden"),
        ("login_token.support", "{}", "not_logged_in"),
        ("login_token.generate", #"{"auth":{}}"#, "forbidden"),
        ("login_token.generate", #"{"consent":{"challenge":"c"}}"#, "forbidden"),
        ("login_token.generate", #"{"prompt":"agent"}"#, "forbidden"),
        ("login_token.generate", #"{"account":"@a:b","purpose":"x","wait_ms":1}"#, "not_logged_in"),
    ])
    func `the restricted socket takes an account, a purpose and a wait, and nothing that could agree`(
        method: String,
        params: String,
        kind: String
    ) async throws {
        try await withAgent { agent in
            let error = try await restricted(agent, method, params)["error"]
            #expect(error?["data"]?["kind"]?.stringValue == kind)
        }
    }
}
