import Agent
import Fuzzing
import Glibc
import JetonAPI
import Logging
import MatrixClient
import NIOPosix
import Vault

private let scratch = prepared { try ScratchFolder() }
private let open = prepared { try StateFolder(path: scratch.path) }
/// A folder under a key, where nothing is taken that has no seal.
private let sealed = prepared {
    mkdir("\(scratch.path)/sealed", 0o700)
    scratch.write(Array(head.utf8), to: "sealed/store.json")
    guard let key = StoreKey(Array("a-key-of-the-fuzzer-that-seals-nothing".utf8)) else { fatalError("it is no key") }
    return try StateFolder(path: "\(scratch.path)/sealed", credential: .key(key))
}
private let transport = prepared { try HTTPTransport(on: MultiThreadedEventLoopGroup.singleton) }

/// The key that the sealed inputs in the corpus were made with, under that of the fuzzer.
private let head = """
    {"value":{"form":"encrypted","keys":[{"id":"b81dead48195e827","wrapped":\
    "vLttface+LZOrX7ENJFAJZ/HTyPj7otN1yhA+oQZIjfcWhwuLS8v9f2sTepyJv96Iuysg+XVScz6nxhF"}],\
    "store_key":"0853bdebe184d77f"},"version":1}
    """

/// The state files, by the first letter of an input; a capital one stands for the sealed folder's.
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
    guard let letter = input.first, let name = names[letter | 0x20] else { return -1 }
    let (folder, place) = letter & 0x20 == 0 ? (sealed, "sealed/") : (open, "")
    for other in names.values where other != name { scratch.remove(place + other) }
    scratch.write(input.dropFirst(), to: place + name)
    do {
        let agent = try agent(folder)
        for method in questions { ask(agent, method) }
    } catch {
        demand(error.description.contains(name), "\(error) does not name \(name)")
    }
    return 0
}

private func agent(_ folder: StateFolder) throws(StorageProblem) -> Agent {
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
            },
            desktop: Desktop { _ in .failed(reason: "there is none") }
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
