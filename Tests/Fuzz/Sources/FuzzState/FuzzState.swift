import Agent
import Fuzzing
import JetonAPI
import Logging
import MatrixClient
import NIOPosix
import Vault

private let scratch = prepared { try ScratchFolder() }
private let folder = prepared { try StateFolder(path: scratch.path) }
private let transport = prepared { try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton) }

/// The state files, by the first letter of an input.
private let names: [UInt8: String] = [
    UInt8(ascii: "a"): "@alice:example.org.account.json",
    UInt8(ascii: "m"): "mints.json",
    UInt8(ascii: "l"): "mints.jsonl",
    UInt8(ascii: "d"): "default.json",
    UInt8(ascii: "r"): "restricted.json",
    UInt8(ascii: "u"): "user-lock.json",
]

/// What is asked of an agent that has loaded them: everything that shows its state and changes none of it.
private let questions = ["account.list", "account.status", "agent.status", "login_token.list", "rate_limit.status"]

/// A state file that somebody else has written: it is refused with a sentence, or the agent can live with it.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = bytes(data, count)
    guard let name = input.first.flatMap({ names[$0] }) else { return -1 }
    for other in names.values where other != name { scratch.remove(other) }
    scratch.write(input.dropFirst(), to: name)
    do {
        let agent = try agent()
        for method in questions { ask(agent, method) }
    } catch {
        demand(error.description.contains(name), "\(error) does not name \(name)")
    }
    return 0
}

private func agent() throws(StorageProblem) -> Agent {
    try Agent(
        configuration: Configuration(),
        folder: folder,
        transport: transport,
        listen: { _, _ in throw CancellationError() },
        surroundings: .init(
            pid: 1,
            supervised: Supervision(systemd: false, socketActivated: false, watchdogMs: nil),
            protections: { .example },
            accountCountChanged: { _ in },
            setAlarm: { _ in },
            watchNetwork: { _ in },
            prompter: Prompter(obstacle: { nil }) { _ in .denied },
            pause: { try await Task.sleep(for: $0) },
            loopback: Loopback(listeners: { _, _ in [] }, isAcceptedByUs: { _, _, _ in nil }) { _, _, _, _ in
                .unreachable
            }
        ),
        logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    )
}

private func ask(_ agent: Agent, _ method: String) {
    let line = Array("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\(method)\"}".utf8)
    guard case .call(let call) = Incoming(line: line) else { fatalError("\(method) is no call") }
    let peer = Peer(pid: 1, uid: 1) { Requester(pid: 1, uid: 1) }
    let answer = agent.methods.finalAnswer(to: call, for: Caller(connection: 1, socket: .agent, peer: peer))
    demand(answer.flatMap { try? JSONDocument($0) } != nil, "\(method) is not answered in JSON")
}
