import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// Mistakes, of users and of programs: each gets a sentence, and nothing is lost.
@Suite struct BadInputTests {
    @Test(arguments: [
        (#"{"jsonrpc":"2.0","id":7,"method":"no.such"}"#, #""code":-32601"#, "7"),
        (#"{"jsonrpc":"1.0","id":"a","method":"agent.ping"}"#, #""code":-32600"#, #""a""#),
        (#"{"jsonrpc":"2.0","id":1.0,"method":"agent.ping","params":[1]}"#, #""code":-32602"#, "1.0"),
        (#"{"jsonrpc":"2.0","id":1,"method":"account.login","params":{"user_id":5}}"#, "user_id must be a string", "1"),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"login_token.generate","params":{"auth":[]}}"#, "auth must be an object",
            "1"
        ),
        (
            #"{"jsonrpc":"2.0","id":1,"method":"login_token.generate","params":{"acount":"@a:b"}}"#,
            "acount is not known", "1"
        ),
        (#"{"jsonrpc":"2.0","id":1,"method":"login_token.generate","params":{"prompt":"x"}}"#, "caller, agent", "1"),
    ])
    func `a bad request is answered by what is wrong with it`(line: String, answer: String, id: String) async throws {
        let agent = try await sharedAgent.value
        let answered = try await run(
            "/usr/bin/socat",
            ["-t20", "-", "UNIX-CONNECT:\(agent.socket)"],
            input: line + "\n"
        )
        #expect(answered.output.contains(answer), "\(answered.output)")
        #expect(answered.output.contains(#""id":\#(id),"#), "\(answered.output)")
    }

    @Test func `a process gets no more than its share of connections`() async throws {
        let agent = try await AgentUnderTest().start()
        let socket = agent.socket
        let refusal = try await onThread {
            let clients = try (1...64).map { _ in try RPCClient(path: socket) }
            for client in clients { _ = try client.call(Ping()) }
            do {
                _ = try RPCClient(path: socket).call(Ping())
            } catch RPCClient.Problem.refused(let error) {
                return error.kind
            }
            throw Unexpected("a 65th connection was served")
        }
        #expect(refusal == .busy)
        // They have gone, and with them their count.
        try await eventually("there is room again") { (try? await agent.call(Ping())) != nil }
        try await agent.stop()
    }

    @Test func `accounts that nobody holds, and hosts that nobody reaches, are told apart`() async throws {
        let agent = try await sharedAgent.value
        let unknown = try await agent.refusal(of: GenerateLoginToken(account: "@nobody:example.org"))
        #expect(unknown.kind == .notLoggedIn)
        #expect(unknown.data["account"] == "@nobody:example.org")
        let refused = try await agent.refusal(
            of: LogIn(userId: "a", homeserver: "http://127.0.0.1:1", password: Secret("x"))
        )
        #expect(refused.kind == .homeserverUnreachable)
        #expect(refused.data["stage"] == "connect")
        let nowhere = LogIn(userId: "a", homeserver: "https://homeserver.invalid", password: Secret("x"))
        #expect(try await agent.refusal(of: nowhere).data["stage"] == "dns")
        let plain = LogIn(userId: "a", homeserver: "http://matrix.example.org", password: Secret("x"))
        #expect(try await agent.refusal(of: plain).message.contains("use https"))
        let homeless = try await agent.refusal(of: LogIn(userId: "alice", password: Secret("x")))
        #expect(homeless.kind == .invalidParams)
        #expect(homeless.message.contains("@alice:example.org"))
    }

    @Test(arguments: [
        ("head -c 20000 /dev/zero", "a password has at most 16384 bytes"),
        ("printf 'canary-\\377'", "the password from standard input is not UTF-8"),
    ])
    func `what can be no password is refused by the command, and tried nowhere`(
        source: String,
        problem: String
    ) async throws {
        let script = "\(source) | $0 login @a:b --homeserver http://127.0.0.1:1 --password-stdin"
        let socket = try await sharedAgent.value.socket
        let arguments = ["-c", script, Programs.path("jeton")]
        let ended = try await run("/bin/sh", arguments, environment: ["JETON_SOCKET": socket])
        #expect(ended.status == 64)
        #expect(ended.errors.contains(problem), "\(ended.errors)")
    }

    @Test(arguments: [
        (["tokens", "--account", "@a:LONG"], "a line has at most 65536 bytes"),
        (["support", "https://LONG.example.org"], "a line has at most 65536 bytes"),
        (["rpc", "agent.ping", #"{"a": "LONG"}"#], "a line has at most 65536 bytes"),
        (["rpc", "agent.ping", #"{"a": 1, "a": 2}"#], #""a" is given twice"#),
    ])
    func `what makes no request is the user's mistake, and not told as the protocol's`(
        arguments: [String],
        problem: String
    ) async throws {
        let socket = try await sharedAgent.value.socket
        let arguments = arguments.map { $0.replacing("LONG", with: String(repeating: "x", count: 120_000)) }
        let ended = try await run("jeton", arguments + ["--socket", socket])
        #expect(ended.status == 64)
        #expect(ended.errors == "jeton: the agent cannot take what was given: \(problem)\n")
    }

    @Test(arguments: [
        ("status >&-", 1, "jeton: standard output cannot be written: Bad file descriptor\n"),
        ("login @a:b.invalid --password-stdin <&-", 64, "jeton: standard input gave no password"),
        ("devices --account @a:b 2>&-", 6, ""), ("devices --account @a:b 2>/dev/full", 6, ""),
    ])
    func `what the command was started without is not taken for its socket`(
        command: String,
        status: Int32,
        errors: String
    ) async throws {
        let script = "exec timeout 60 $0 \(command)"
        let environment = ["JETON_SOCKET": try await sharedAgent.value.socket]
        let ended = try await run("/bin/sh", ["-c", script, Programs.path("jeton")], environment: environment)
        #expect(ended.status == status)
        #expect(ended.errors.hasPrefix(errors), "\(ended.errors)")
    }

    @Test(arguments: [
        ("head -c 64M /dev/zero |", "", "params have at most 1048576 bytes; standard input gave more"),
        ("", "<&-", "standard input cannot be read: Bad file descriptor"),
        ("", "</", "standard input cannot be read: Is a directory"),
        ("printf '{' |", "", "params are not JSON: line 1, column 2"),
    ])
    func `params are read to an end, and what has none is refused`(
        source: String,
        redirection: String,
        problem: String
    ) async throws {
        let script = "\(source) $0 rpc agent.ping - --socket /nowhere/agent.sock \(redirection)"
        let ended = try await run("/bin/sh", ["-c", script, Programs.path("jeton")])
        #expect(ended.status == 64)
        #expect(ended.errors.contains(problem), "\(ended.errors)")
    }

    @Test(arguments: [
        ("{\"version\":1,\"value\":{\"user_id\"", "is damaged", 0o600),
        ("{\"version\":99,\"value\":{}}", "newer jetond", 0o600),
        ("{\"version\":1,\"value\":{}}", "is damaged", 0o600),
        ("{\"version\":1,\"value\":{}}", "chmod 600", 0o644),
    ])
    func `promise 10: a state file that cannot be used is named, and stays as it is`(
        text: String,
        reason: String,
        mode: Int
    ) async throws {
        for name in ["@a:b.account.json", "mints.json", "mints.jsonl"]
        where !(name.hasPrefix("mints.json") && text.hasSuffix("{}}") && mode == 0o600 && !text.contains("99")) {
            let agent = try AgentUnderTest()
            let text = name.hasSuffix("l") ? text + "\n" : text
            let file = try agent.folder.write(text, to: "state/\(name)", mode: mode)
            let ended = try await agent.failToStart()
            #expect(ended.status == 78)
            #expect(ended.errors.contains(file))
            #expect(ended.errors.contains(reason), "\(ended.errors)")
            #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
        }
    }

    @Test(.enabled(if: getuid() == 0, "only root can give files away"))
    func `promise 10: a state file of somebody else is refused`() async throws {
        let agent = try AgentUnderTest()
        let file = try agent.folder.write("{}", to: "state/@a:b.account.json")
        try FileManager.default.setAttributes([.ownerAccountID: 65534], ofItemAtPath: file)
        let ended = try await agent.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("belongs to user 65534"))
    }

    @Test func `a second agent on the same state is refused with the first one's pid`() async throws {
        let first = try await AgentUnderTest().start()
        let second = try AgentUnderTest(arguments: ["--state", first.state])
        let ended = try await second.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("process \(first.pid)"))
        _ = try await first.call(Ping())
        try await first.stop()
    }

    @Test func `a socket path in use is refused, and one that a dead agent left is taken over`() async throws {
        let first = try await AgentUnderTest().start()
        let second = try AgentUnderTest(arguments: ["--socket", first.socket])
        let ended = try await second.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("listens here already"))
        _ = try await first.call(Ping())
        try await first.killNine()
        #expect(FileManager.default.fileExists(atPath: first.socket))
        try await first.start()
        try await first.stop()
    }

    @Test func `a state folder that cannot be written to is named`() async throws {
        let folder = try ScratchFolder()
        let file = try folder.write("", to: "a-file")
        let agent = try AgentUnderTest(arguments: ["--state", "\(file)/state"])
        let ended = try await agent.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains("\(file)/state: cannot be made"))
    }

    @Test func `a disk that fails while the agent runs stops the minting before anything is sent`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let challenge = try await agent.challenge()
        let requests = await homeserver.mintRequests(of: user)
        // A folder where the ledger was: even root cannot write to it.
        try FileManager.default.removeItem(atPath: "\(agent.state)/mints.jsonl")
        try agent.folder.write("", to: "state/mints.jsonl/in-the-way")
        let failed = try await agent.refusal(of: GenerateLoginToken(auth: user.auth(challenge)))
        #expect(failed.kind == .storageFailed)
        #expect(failed.data["path"]?.stringValue?.contains("mints.jsonl") == true)
        #expect(await homeserver.mintRequests(of: user) == requests)
        try FileManager.default.removeItem(atPath: "\(agent.state)/mints.jsonl")
        // Nothing is lost: the same challenge goes on.
        _ = try await agent.call(GenerateLoginToken(auth: user.auth(challenge)))
        try await agent.stop()
    }

    @Test(arguments: [
        ("{consent: 'sometimes'}", "line 1, column 11: consent must be one of auto, caller, prompt, none"),
        ("{\n  // a comment\n  consent: 'auto'\n  limits: {}\n}", "line 4, column 3"),
        ("{\n  consnet: 'auto',\n}", "line 2, column 3: consnet is not known here"),
        ("{\n  consent: 'auto',\n  consent: 'auto',\n}", "line 3, column 3: \"consent\" is given twice"),
        ("{limits: {login_token: {count: '1', per_ms: 1}}}", "limits.login_token.count must be an integer"),
        ("{limits: {login_token: {count: 0, per_ms: 1}}}", "limits.login_token.count must be at least 1"),
        ("{ca_file: 'nowhere.pem'}", "ca_file"),
    ])
    func `a configuration that is wrong is refused with the place`(text: String, problem: String) async throws {
        let agent = try AgentUnderTest(configuration: text)
        let ended = try await agent.failToStart()
        #expect(ended.status == 78)
        #expect(ended.errors.contains(problem), "\(ended.errors)")
    }

    @Test func `the configuration in the repository is one that the agent takes`() async throws {
        let text = try String(contentsOfFile: "\(Programs.repository)/config/config.json5", encoding: .utf8)
        let agent = try await AgentUnderTest(configuration: text).start()
        try await agent.stop()
    }
}

/// One agent for all requests that change nothing.
private let sharedAgent = Task { try await AgentUnderTest().start() }
