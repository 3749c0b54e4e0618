import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// `jeton`, as people and scripts use it.
@Suite struct CommandTests {
    @Test(arguments: HomeserverKind.available)
    func `log in, mint, list and log out by commands alone`(kind: HomeserverKind) async throws {
        let homeserver = try await kind.homeserver()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        agent.companion = homeserver
        let login = try await agent.jeton(
            "login",
            user.id,
            "--homeserver",
            homeserver.address,
            "--password-stdin",
            input: user.password + "\n"
        )
        #expect(login.status == 0)
        #expect(login.output.hasPrefix("Signed in as \(user.id)"))

        let token = try await agent.jeton(
            "token",
            "--password-stdin",
            "--purpose",
            "a phone",
            input: user.password + "\n"
        )
        #expect(token.status == 0)
        // The token alone, for scripts; what it is, for people.
        #expect(token.output.wholeMatch(of: /\S+\n/) != nil)
        #expect(token.errors.contains("one sign-in"))
        let other = OtherClient(homeserver.address)
        #expect(try await other.logIn(token: String(token.output.dropLast())).body["user_id"] == user.id)

        let again = try await agent.jeton("token", "--password-stdin", input: user.password + "\n")
        #expect(again.status == 5)
        #expect(again.output.isEmpty)
        #expect(again.errors.contains("try again in"))
        #expect(try await agent.jeton("accounts").output.contains(user.id))
        #expect(try await agent.jeton("limits").output.contains("login_token: 1 in 60 s"))
        #expect(try await agent.jeton("status").output.contains("\(user.id) (active)"))
        #expect(try await agent.jeton("logout").status == 0)
        #expect(try await agent.jeton("token", "--password-stdin", input: "x\n").status == 6)
        try await agent.stop()
    }

    @Test func `an output that takes nothing is named, before a login token is lost in it`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        func minting(to output: String) async throws -> Ended {
            let arguments = ["-c", "exec $0 token --password-stdin \(output)", Programs.path("jeton")]
            let environment = ["JETON_SOCKET": agent.socket]
            return try await run("/bin/sh", arguments, environment: environment, input: user.password + "\n")
        }
        let closed = try await minting(to: ">&-")
        #expect(closed.status == 64)
        #expect(closed.errors.contains("standard output is closed"), "\(closed.errors)")
        #expect(await homeserver.mintRequests(of: user) == 0)
        // That a disk is full shows only in writing.
        let full = try await minting(to: ">/dev/full")
        #expect(full.status == 1)
        #expect(full.errors.contains("standard output cannot be written: No space left on device"), "\(full.errors)")
        try await agent.stop()
    }

    @Test func `every way to fail has its status`() async throws {
        let homeserver = try await DevHomeserverUnderTest(.off)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        #expect(try await agent.jeton("token", input: "").status == 6)
        let wrong = try await agent.jeton(
            "login",
            user.id,
            "--homeserver",
            homeserver.address,
            "--password-stdin",
            input: "canary-wrong\n"
        )
        #expect(wrong.status == 1)
        #expect(wrong.errors.contains("Invalid username or password"))
        try await agent.logIn(user, at: homeserver.address)
        #expect(try await agent.jeton("token", "--password-stdin", input: user.password + "\n").status == 7)
        await homeserver.server.change { $0.offersLoginTokens = true }
        let denied = try await agent.jeton("token", "--password-stdin", input: "canary-wrong\n")
        #expect(denied.status == 4)
        #expect(denied.errors.contains("Invalid username or password"))
        #expect(try await agent.jeton("token", "--password-stdin", input: "").status == 64)
        await homeserver.server.change { $0.asksBeforeMinting = false }
        #expect(try await agent.jeton("token", "--password-stdin", input: "").status == 8)
        #expect(try await agent.jeton("no-such-command").status == 64)
        #expect(try await agent.jeton("rpc", "no.such").status == 64)
        #expect(try await agent.jeton("rpc", "agent.ping", "[1]").status == 64)
        #expect(try await agent.jeton("rpc", "agent.ping", "{").errors.contains("line 1, column 2"))
        let nowhere = ["--socket", "/nonexistent/agent.sock"]
        let unreachable = try await run("jeton", ["status"] + nowhere)
        #expect(unreachable.status == 2)
        #expect(unreachable.errors.contains("jetond.socket"))
        #expect(try await run("jeton", ["wait", "--timeout", "0.2"] + nowhere).status == 124)
        #expect(try await run("jeton", ["status"]).status == 2)
        try await agent.stop()
    }

    @Test func `with --json everything is JSON, failures too`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        for command in [["accounts"], ["status"], ["limits"], ["wait"], ["rpc", "rpc.discover"]] {
            let ended = try await run("jeton", command + ["--json", "--socket", agent.socket])
            #expect(try JSONDocument(Array(ended.output.utf8)).root.members != nil, "\(command)")
        }
        let token = try await agent.jeton("token", "--json", "--password-stdin", input: user.password + "\n")
        let members = try JSONDocument(Array(token.output.utf8)).root.members?.map(\.name)
        #expect(members == ["expires_at", "expires_in_ms", "homeserver", "login_token", "token_id", "user_id"])
        let refused = try await agent.jeton("token", "--json", "--password-stdin", input: user.password + "\n")
        let error = try JSONDocument(Array(refused.errors.utf8)).root["error"]
        #expect(error?["data"]?["retry_after_ms"] != nil)
        #expect(error?["exit_status"] != nil)
        try await agent.stop()
    }

    @Test func `promise 9: on a terminal the password is asked for without echo`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest().start()
        let login = try await onTerminal(
            ["login", user.id, "--homeserver", homeserver.address, "--socket", agent.socket],
            dialogue: [("Password of \(user.id):", user.password)]
        )
        #expect(login.output.contains("Signed in as \(user.id)"))
        #expect(!login.output.contains(user.password))

        // A terminal does not get the token unasked, and then nothing is minted.
        let unasked = try await onTerminal(["token", "--socket", agent.socket], dialogue: [])
        #expect(unasked.status == 64)
        #expect(unasked.output.contains("--show"))
        let shown = try await onTerminal(
            ["token", "--show", "--socket", agent.socket],
            dialogue: [("Password of", "canary-wrong"), ("Password of", user.password)]
        )
        #expect(shown.output.contains("syl_"))
        #expect(shown.output.contains("Invalid username or password. 4 tries are left"))
        #expect(Canary.secrets(in: shown.output).allSatisfy { $0.hasPrefix("syl_") })
        try await agent.stop()
    }

    @Test func `on a terminal no password is asked for that would not be passed on`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let settings = "{limits: {wrong_password: {count: 1, per_ms: 60000}}}"
        let agent = try await AgentUnderTest(configuration: settings).start()
        try await agent.logIn(user, at: homeserver.address)
        let ended = try await onTerminal(
            ["token", "--show", "--socket", agent.socket],
            dialogue: [("Password of", "canary-wrong")]
        )
        #expect(ended.status == 4)
        #expect(ended.output.contains("No try is left"), "\(ended.output)")
        try await agent.stop()
    }

    @Test func `on a terminal consent is asked for, and no means no`() async throws {
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let configuration = "{consent: 'caller', limits: {login_token: {count: 9, per_ms: 60000}}}"
        let agent = try await AgentUnderTest(configuration: configuration).start()
        let user = try await homeserver.newUser()
        try await agent.logIn(user, at: homeserver.address)
        let command = ["token", "--show", "--purpose", "a phone", "--socket", agent.socket]
        let denied = try await onTerminal(command, dialogue: [("for “a phone”? [y/N]", "n")])
        #expect(denied.status == 4)
        #expect(!denied.output.contains("syl_"))
        let agreed = try await onTerminal(command, dialogue: [("[y/N]", "y")])
        #expect(agreed.status == 0)
        #expect(agreed.output.contains("syl_"))
        try await agent.stop()
    }

    @Test func `with --wait the command waits for the limit, and needs the password once`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        // The homeserver counts other clients too: the password is right, and the answer 429 all the same.
        let other = OtherClient(homeserver.address)
        #expect(try await other.mint(user, try await other.logIn(user).body["access_token"] ?? "").status == 200)
        let token = try await agent.jeton("token", "--wait", "--password-stdin", input: user.password + "\n")
        #expect(token.status == 0)
        #expect(token.errors.contains("Waiting."))
        #expect(try await other.logIn(token: String(token.output.dropLast())).status == 200)
        try await agent.stop()
    }

    @Test(.enabled(if: getuid() == 0, "only root can run a program as somebody else"))
    func `promise 1: nothing is sent to a socket of another user`() async throws {
        let folder = try ScratchFolder()
        let socket = folder.file("foreign.sock")
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let impostor = try await RunningProgram(
            "/usr/bin/setpriv",
            ["--reuid=65534", "--clear-groups", "/usr/bin/socat", "UNIX-LISTEN:\(socket),mode=777", "STDOUT"],
            log: try folder.write("", to: "heard")
        )
        try await eventually("the impostor listens") { isListening(at: socket) }
        let input = "canary-secret\n"
        let ended = try await run("jeton", ["login", "@a:b", "--password-stdin", "--socket", socket], input: input)
        #expect(ended.status == 2)
        #expect(ended.errors.contains("belongs to user 65534"))
        impostor.send(SIGTERM)
        _ = try await impostor.ended()
        #expect(!(try String(contentsOfFile: folder.file("heard"), encoding: .utf8)).contains("canary"))
    }

    @Test func `the canary sings where there is a secret`() throws {
        let folder = try ScratchFolder()
        try folder.write("token=syl_abcdefghijkl", to: "log")
        try folder.write("canary-abc", to: "state/mints.json")
        try folder.write("canary-abc", to: "state/@a:b.account.json")
        #expect(Canary.leaks(below: folder.path).map(\.file).sorted() == ["log", "state/mints.json"])
    }
}
