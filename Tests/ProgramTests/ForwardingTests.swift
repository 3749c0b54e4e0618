import DevHomeserver
import Foundation
import JetonAPI
import RPCClient
import TestSupport
import Testing

/// The restricted socket on another machine, by a real OpenSSH: `ssh -R` to an sshd that needs no network.
@Suite(.enabled(if: SSH.isInstalled, "SKIPPED: openssh-server and openssh-client are not installed"))
struct ForwardingTests {
    /// All that it takes: an agent with a prompt, signed in, and a server to go to.
    private struct Scene {
        let prompt: PromptUnderTest
        let agent: AgentUnderTest
        let homeserver: DevHomeserverUnderTest
        let user: TestUser
        let ssh: SSH

        init(_ plan: String) async throws {
            prompt = try await PromptUnderTest(plan)
            ssh = try await SSH()
            homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
            user = try await homeserver.newUser()
            let limits = "limits: {login_token: {count: 99, per_ms: 60000}}"
            agent = try await AgentUnderTest(
                configuration: "{restricted_socket: '\(ssh.local)', \(limits)}",
                arguments: ["--prompt-socket", prompt.socket]
            ).start()
            agent.companion = homeserver
            try await agent.logIn(user, at: homeserver.address)
        }
    }

    @Test func `on the other machine jeton token gets its token, once the user has agreed here`() async throws {
        let scene = try await Scene("ok")
        let ended = try await scene.ssh.run("token", "--purpose", "far")
        #expect(ended.status == 0, "\(ended.errors)")
        let token = ended.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try await OtherClient(scene.homeserver.address).logIn(token: token).status == 200)
        #expect(scene.prompt.questions == 1)
        #expect(scene.prompt.description.contains("Who asks cannot be known"))
        #expect(scene.prompt.description.contains("“far”"))
        // A terminal there is no place to ask at, and no obstacle.
        let shown = try await scene.ssh.run("token", "--show", "--account", scene.user.id, onTerminal: true)
        #expect(shown.status == 0, "\(shown.output)\(shown.errors)")
        #expect(shown.output.contains("syl_"))
        #expect(!scene.prompt.log.contains { $0.hasPrefix("OPTION ttyname") })
        #expect(scene.prompt.questions == 2)
        try await scene.prompt.isQuiet()
        try await scene.agent.stop()
    }

    @Test func `a no here is a no there, and then there is silence`() async throws {
        let scene = try await Scene("cancel")
        #expect(try await scene.ssh.run("token").status == 4)
        #expect(try await scene.ssh.run("token").status == 5)
        #expect(scene.prompt.questions == 1)
        #expect(await scene.homeserver.mintRequests(of: scene.user) == 1)
        try await scene.agent.stop()
    }

    @Test func `promise 7: nothing else is possible there`() async throws {
        let scene = try await Scene("ok")
        let path = scene.ssh.remote
        try await scene.ssh.whileForwarding {
            try await onThread {
                let client = try RPCClient(path: path)
                _ = try client.call(Ping())
                for method in OpenRPC.methods where !Self.allowed.contains(method.name) {
                    let kind = try Self.kind { _ = try client.call(method: method.name, params: Array("{}".utf8)) }
                    #expect(kind == .forbidden, "\(method.name)")
                }
                for more in [#""auth":{}"#, #""consent":{"challenge":"x"}"#, #""prompt":"caller""#] {
                    let params = Array("{\(more)}".utf8)
                    let kind = try Self.kind { _ = try client.call(method: GenerateLoginToken.name, params: params) }
                    #expect(kind == .forbidden, "\(more)")
                }
            }
        }
        #expect(scene.prompt.questions == 0)
        #expect(await scene.homeserver.mintRequests(of: scene.user) == 0)
        try await scene.agent.stop()
    }

    @Test func `a question goes when the connection to the other machine does`() async throws {
        let scene = try await Scene("hang")
        let ssh = try await scene.ssh.begin("token")
        try await eventually("the question stands") { scene.prompt.questions == 1 }
        ssh.send(SIGKILL)
        _ = try await ssh.ended()
        try await scene.prompt.isQuiet()
        #expect(!scene.agent.logText.contains("login_token.issued"))
        try await scene.agent.stop()
    }

    private static let allowed = [Ping.name, GetAgentStatus.name, GetLoginTokenSupport.name, GenerateLoginToken.name]

    private static func kind(_ call: () throws -> Void) throws -> AgentError.Kind {
        do {
            try call()
        } catch RPCClient.Problem.refused(let error) {
            return error.kind
        }
        throw Unexpected("a result where an error was due")
    }
}

/// An sshd that lets one key in, and the way to it with the agent's restricted socket in tow.
private final class SSH: Sendable {
    private static let programs = ["/usr/sbin/sshd", "/usr/bin/ssh", "/usr/bin/ssh-keygen"]

    static var isInstalled: Bool { programs.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) } }

    private let folder: ScratchFolder
    /// Where the agent listens here, and what stands for it there.
    var local: String { folder.file("restricted.sock") }
    var remote: String { folder.file("forwarded.sock") }

    init() async throws {
        folder = try ScratchFolder()
        for key in ["host", "user"] {
            let made = try await TestSupport.run(
                "/usr/bin/ssh-keygen",
                ["-q", "-t", "ed25519", "-N", "", "-f", folder.file(key)]
            )
            guard made.status == 0 else { throw Unexpected(made.errors) }
        }
        try FileManager.default.copyItem(atPath: folder.file("user.pub"), toPath: folder.file("authorized_keys"))
        // sshd run as root wants it, and else only its unit makes it.
        if geteuid() == 0 {
            try FileManager.default.createDirectory(atPath: "/run/sshd", withIntermediateDirectories: true)
        }
        let settings = """
            HostKey \(folder.file("host"))
            AuthorizedKeysFile \(folder.file("authorized_keys"))
            PidFile none
            StrictModes no
            UsePAM no
            PermitRootLogin prohibit-password
            PasswordAuthentication no
            """
        try folder.write(settings + "\n", to: "sshd_config")
    }

    private func arguments(_ command: [String], options: [String] = []) -> [String] {
        let settings = [
            "IdentitiesOnly=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "BatchMode=yes",
            "LogLevel=ERROR", "ExitOnForwardFailure=yes",
            // One for each connection: a port could be somebody else's by the time that sshd takes it.
            "ProxyCommand=/usr/sbin/sshd -i -f \(folder.file("sshd_config")) -E \(folder.file("sshd.log"))",
        ]
        // Whoever was killed has left it there.
        try? FileManager.default.removeItem(atPath: remote)
        return ["-F", "/dev/null", "-i", folder.file("user")] + settings.flatMap { ["-o", $0] }
            + options + ["-R", "\(remote):\(local)", "\(NSUserName())@here"] + command
    }

    private func jeton(_ command: [String]) -> [String] { [Programs.path("jeton")] + command + ["--socket", remote] }

    /// Runs `jeton` there, to its end.
    func run(_ command: String..., onTerminal: Bool = false) async throws -> Ended {
        try await TestSupport.run("/usr/bin/ssh", arguments(jeton(command), options: onTerminal ? ["-tt"] : []))
    }

    /// The same, and does not wait.
    func begin(_ command: String...) async throws -> RunningProgram {
        let log = try folder.write("", to: "ssh.log")
        return try await RunningProgram("/usr/bin/ssh", arguments(jeton(command)), log: log)
    }

    /// Keeps the socket there meanwhile.
    func whileForwarding(_ work: () async throws -> Void) async throws {
        let ssh = try await RunningProgram(
            "/usr/bin/ssh",
            arguments([], options: ["-N"]),
            log: try folder.write("", to: "ssh.log")
        )
        defer { ssh.send(SIGTERM) }
        try await eventually("it is forwarded") { isListening(at: self.remote) }
        try await work()
    }
}
