import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// A fresh login token for one command.
@Suite(.timeLimit(.minutes(5))) struct ExecTests {
    private static let read = #"cat <&"$MATRIX_LOGIN_TOKEN_FD"; echo "$MATRIX_USER_ID $MATRIX_HOMESERVER""#

    /// Runs a script of the shell with a login token, for which the password is typed.
    private func exec(
        _ script: String,
        _ options: [String] = [],
        as user: TestUser,
        by agent: AgentUnderTest,
        environment: [String: String] = [:],
        input: String = ""
    ) async throws -> Ended {
        try await run(
            "jeton",
            ["exec", "--password-stdin", "--socket", agent.socket] + options + ["--", "sh", "-c", script],
            environment: environment,
            input: "\(user.password)\n\(input)"
        )
    }

    @Test(arguments: HomeserverKind.available)
    func `the command reads it from a descriptor, and nothing of it stands in the environment`(kind: HomeserverKind)
        async throws
    {
        let (agent, user, homeserver) = try await signedIn(kind)
        let ended = try await exec("\(Self.read); env; cat", as: user, by: agent, input: "for the command\n")
        #expect(ended.status == 0, "\(ended.errors)")
        var lines = ended.output.split(separator: "\n").map { String($0) }
        try #require(lines.count > 2, "\(ended.errors)")
        let token = lines.removeFirst()
        #expect(lines.removeFirst() == "\(user.id) \(homeserver.address)")
        #expect(lines.last == "for the command")
        #expect(Canary.secrets(in: lines.joined(separator: "\n")).isEmpty)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test(arguments: [0, 3, 9])
    func `by whatever number`(descriptor: Int) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let ended = try await exec(Self.read, ["--fd", "\(descriptor)"], as: user, by: agent)
        let token = ended.output.split(separator: "\n").first.map { String($0) } ?? ""
        #expect(try await OtherClient(homeserver.address).logIn(token: token).status == 200)
        try await agent.stop()
    }

    @Test func `in the environment only where that is asked for`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let script = #"echo "$MATRIX_LOGIN_TOKEN"; echo "${MATRIX_LOGIN_TOKEN_FD-none}""#
        let ended = try await exec(script, ["--env"], as: user, by: agent)
        let lines = ended.output.split(separator: "\n").map { String($0) }
        #expect(lines.last == "none")
        #expect(try await OtherClient(homeserver.address).logIn(token: lines[0]).status == 200)
        try await agent.stop()
    }

    @Test(arguments: [("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)])
    func `its exit status and signal are passed on`(script: String, status: Int32) async throws {
        let (agent, user, _) = try await signedInAtDev()
        let ended = try await exec(script, as: user, by: agent)
        #expect(ended.status == status)
        try await agent.stop()
    }

    @Test func `a command that is not there, or a number that is none, mints nothing`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let missing = try await agent.jeton("exec", "--password-stdin", "--", "/nowhere/program", input: user.password)
        #expect(missing.status == 64)
        #expect(missing.errors.contains("nothing was minted"))
        for arguments in [["--fd", "1"], ["--fd", "1024"], ["--browser", "--env"]] {
            let ended = try await run("jeton", ["exec"] + arguments + ["--", "true"])
            #expect(ended.status == 64, "\(arguments)")
        }
        #expect(try await agent.jeton("exec").status == 64)
        #expect(await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }

    @Test(arguments: [([], "-, 3"), (["--env"], "syt_, -"), (["--browser"], "-, -")])
    func `a token of somebody else's, long used, is not passed on`(options: [String], expected: String) async throws {
        let (agent, user, _) = try await signedInAtDev()
        if options == ["--browser"] { try StandIn.install() }
        let script = #"echo "${MATRIX_LOGIN_TOKEN--}, ${MATRIX_LOGIN_TOKEN_FD--}""#
        let stale = ["MATRIX_LOGIN_TOKEN": "stale", "MATRIX_LOGIN_TOKEN_FD": "9"]
        let ended = try await exec(script, options, as: user, by: agent, environment: stale)
        let told = ended.output.replacing(/^[^-][^,]+/, with: "syt_").trimmingCharacters(in: .newlines)
        #expect(told == expected, "\(ended.errors)")
        #expect(!ended.output.contains("stale"))
        try await agent.stop()
    }

    @Test func `what the caller has open for it stays so, also where a browser was opened before`() async throws {
        let (agent, user, _) = try await signedInAtDev { $0.flows = [["org.example.retina", "m.login.password"]] }
        let browser = try TestBrowser()
        let folder = try ScratchFolder()
        let file = try folder.write("for the command\n", to: "open")
        let script = #"exec 7<"$1"; exec "$0" exec --password-stdin --socket "$2" -- sh -c 'cat <&7'"#
        let ended = try await run(
            "/bin/sh",
            ["-c", script, Programs.path("jeton"), file, agent.socket],
            environment: ["BROWSER": browser.command],
            input: user.password + "\n"
        )
        #expect(ended.status == 0 && ended.output == "for the command\n", "\(ended.errors)")
        #expect(try browser.opened().count == 1)
        try await agent.stop()
    }

    @Test func `it stands in no argument of the command's, nor of ours`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let script = #"cat <&3 >/dev/null; cat /proc/$$/cmdline /proc/$$/environ"#
        let ended = try await exec(script, as: user, by: agent)
        #expect(ended.output.contains("MATRIX_LOGIN_TOKEN_FD"))
        #expect(Canary.secrets(in: ended.output).isEmpty)
        try await agent.stop()
    }
}
