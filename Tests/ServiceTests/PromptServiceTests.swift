import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// The prompt's real units, under a real systemd.
@Suite(.needsUserManager) struct PromptServiceTests {
    /// Installed and signed in, where nothing is asked unless that is wanted, with a scripted pinentry in the user's home.
    static func ready(
        _ plan: String,
        at setup: Setup = .unasking
    ) async throws -> (InstalledAgent, TestUser, DevHomeserverUnderTest) {
        let agent = try await InstalledAgent()
        let folder = "\(agent.user.home)/pinentry"
        let script = try String(
            contentsOfFile: "\(Programs.repository)/Tests/TestSupport/fake-pinentry",
            encoding: .utf8
        )
        try await agent.user.write(script, to: "\(folder)/fake-pinentry")
        try await agent.user.say("chmod", "+x", "\(folder)/fake-pinentry")
        try await agent.user.write(plan, to: "\(folder)/plan")
        try await agent.user.write("", to: "\(folder)/log")
        try await agent.user.write("{pinentry: '\(folder)/fake-pinentry'}", to: agent.configuration)
        try await agent.install()
        let homeserver = try await DevHomeserverUnderTest(setup) { $0.mintInterval = .zero }
        return (agent, try await agent.signIn(at: homeserver), homeserver)
    }

    private static func log(_ agent: InstalledAgent) async throws -> String {
        try await agent.user.say("cat", "\(agent.user.home)/pinentry/log")
    }

    @Test func `promise 12: a login token is minted once the user has agreed at the prompt, which has no network`()
        async throws
    {
        let (agent, somebody, homeserver) = try await Self.ready("until:go")
        async let minted = agent.jeton("token", "--purpose", "a phone")
        try await eventually("the question stands") { try await Self.log(agent).contains("CONFIRM") }
        #expect(try await Self.log(agent).contains(somebody.id))
        let units = try await agent.user.systemctl("list-units", "--plain", "--no-legend", "jeton-prompt@*")
        let unit = try #require(units.split(separator: " ").first.map { String($0) })
        let pid = try await agent.user.systemctl("show", "--value", "--property", "MainPID", unit)
        let manager = agent.user.manager
        let status = try await manager.asRoot("cat", "/proc/\(pid)/status").output
        for set in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapBnd:\t0000000000000000"] { #expect(status.contains(set)) }
        let network = try await manager.asRoot("readlink", "/proc/\(pid)/ns/net").output
        #expect(try await agent.user.run(["readlink", "/proc/self/ns/net"]).output != network)
        try await agent.user.write("", to: "\(agent.user.home)/pinentry/go")
        let ended = try await minted
        #expect(ended.status == 0, "\(ended.errors)")
        let token = ended.output.trimmingCharacters(in: .newlines)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).status == 200)
        try await eventually("nothing of the question is left") {
            try await agent.user.systemctl("list-units", "--all", "--plain", "--no-legend", "jeton-prompt@*").isEmpty
        }
        try await agent.lookForSecretsInTheJournal()
    }

    /// Whose command line names the pinentry's folder.
    private static func processes(_ agent: InstalledAgent) async throws -> String {
        let pattern = "^/usr/bin/python3 .*\(agent.user.home)/pinentry"
        return try await agent.user.manager.asRoot("pgrep", "--full", "--list-full", pattern).output
    }

    @Test(arguments: ["jeton-prompt", "jetond"])
    func `whichever of the two is killed, nothing is left and nothing is minted`(program: String) async throws {
        let (agent, _, homeserver) = try await Self.ready("stubborn")
        async let minted = agent.jeton("token")
        try await eventually("the question stands") { try await Self.log(agent).contains("CONFIRM") }
        #expect(try await !Self.processes(agent).isEmpty)
        let units = try await agent.user.systemctl("list-units", "--plain", "--no-legend", "\(program)*.service")
        let unit = try #require(units.split(separator: " ").first.map { String($0) })
        try await agent.user.systemctl("kill", "--kill-who=main", "--signal=KILL", unit)
        let ended = try await minted
        #expect(ended.status == (program == "jetond" ? 2 : 8), "\(ended.errors)")
        try await eventually("nothing of the question is left") {
            let left = try await agent.user.systemctl("list-units", "--all", "--plain", "--no-legend", "jeton-prompt@*")
            let processes = try await Self.processes(agent)
            return left.isEmpty && processes.isEmpty
        }
        #expect(ended.output.isEmpty)
        #expect(await homeserver.server.seenRequests.count { $0.path.hasSuffix("/get_token") } == 1)
        try await agent.lookForSecretsInTheJournal()
    }

    @Test func `promise 8: nobody but the agent has the user asked`() async throws {
        let (agent, _, _) = try await Self.ready("ok")
        let question = PromptQuestion(.confirm, account: "@mallory:evil", requester: nil, deadlineMs: 1000)
        let json = String(decoding: try JSONCoding.encoder().encode(question), as: UTF8.self) + "\n"
        let socket = "\(agent.user.runtimeFolder)/jeton/prompt.sock"
        let answer = try await agent.user.run(["socat", "-t", "20", "-", "UNIX-CONNECT:\(socket)"], input: json)
        #expect(answer.output.contains("unavailable"), "\(answer.output)\(answer.errors)")
        #expect(answer.output.contains("only jetond.service may have the user asked"))
        #expect(try await Self.log(agent).isEmpty)
    }

    @Test func `promise 8: a program that listens in the prompt's place is told nothing`() async throws {
        let (agent, _, homeserver) = try await Self.ready("ok")
        try await agent.user.systemctl("stop", "jeton-prompt.socket")
        let socket = "\(agent.user.runtimeFolder)/jeton/prompt.sock"
        let heard = "\(agent.user.home)/heard"
        try await agent.user.write("", to: heard)
        try await agent.user.say(
            "systemd-run",
            "--user",
            "--quiet",
            "--collect",
            "socat",
            "UNIX-LISTEN:\(socket),fork",
            "OPEN:\(heard),append"
        )
        try await eventually("it listens") { try await agent.user.run(["test", "-S", socket]).status == 0 }
        let ended = try await agent.jeton("token")
        #expect(ended.status == 8, "\(ended.errors)")
        #expect(ended.errors.contains("another program than systemd listens"))
        #expect(try await agent.user.say("cat", heard).isEmpty)
        #expect(await homeserver.server.seenRequests.count { $0.path.hasSuffix("/get_token") } == 1)
    }

    @Test func `without the prompt's unit its name is told`() async throws {
        let (agent, _, homeserver) = try await Self.ready("ok")
        try await agent.user.systemctl("disable", "--now", "jeton-prompt.socket")
        let ended = try await agent.jeton("token")
        #expect(ended.status == 8)
        #expect(ended.errors.contains("systemctl --user enable --now jeton-prompt.socket"))
        #expect(await homeserver.server.seenRequests.count { $0.path.hasSuffix("/get_token") } == 1)
    }
}
