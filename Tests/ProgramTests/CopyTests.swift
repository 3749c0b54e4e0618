import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// `jeton token --copy` on a desktop: the token gets into the clipboard, and out of it again.
@Suite(.timeLimit(.minutes(5))) struct CopyTests {
    /// A display with one program that reaches its clipboard, as a user has installed it.
    struct Desktop: Sendable {
        private let display: TestDisplay
        private let folder: ScratchFolder
        private let tool: String

        static let tools: [(kind: TestDisplay.Kind, tool: String)] =
            [(TestDisplay.Kind.x11, "xclip"), (.x11, "xsel"), (.wayland, "wl-copy")].filter { kind, tool in
                TestDisplay.isAvailable(kind) && FileManager.default.isExecutableFile(atPath: "/usr/bin/\(tool)")
            }

        init(_ kind: TestDisplay.Kind, _ tool: String?) async throws {
            display = try await TestDisplay(kind)
            folder = try ScratchFolder()
            self.tool = tool ?? ""
            try folder.write("", to: "bin/.empty")
            // wl-copy reads by cat.
            for name in [tool, tool == "wl-copy" ? "wl-paste" : nil, tool == "wl-copy" ? "cat" : nil].compactMap(\.self)
            {
                try FileManager.default.createSymbolicLink(
                    atPath: folder.file("bin/\(name)"),
                    withDestinationPath: "/usr/bin/\(name)"
                )
            }
        }

        /// What the tool leaves behind takes its time, as on a busy machine, before it has the clipboard.
        func delay() throws {
            try copyBy(#"{ /bin/sleep 0.3; printf %s "$copied" | "$tool" "$@"; } >/dev/null 2>&1 &"#)
        }

        /// Who has the tool copy is killed as soon as that is done.
        func killWhoCopies() throws {
            try copyBy(#"printf %s "$copied" | "$tool" "$@" >/dev/null 2>&1; kill -KILL "$PPID""#)
        }

        /// From now on the tool copies as this shell script does.
        private func copyBy(_ command: String) throws {
            let name = folder.file("bin/\(tool)")
            try FileManager.default.removeItem(atPath: name)
            let script = """
                #!/bin/sh
                tool=/usr/bin/\(tool)
                case " $* " in *" -o "*|*" --output "*) exec "$tool" "$@" ;; esac
                copied=$(/bin/cat)
                \(command)
                """
            try script.write(toFile: name, atomically: false, encoding: .utf8)
            try FileManager.default.setAttributes([.posixPermissions: 0o700], ofItemAtPath: name)
        }

        var environment: [String: String] {
            display.environment.merging(["PATH": folder.file("bin"), "HOME": folder.path]) { $1 }
        }

        func copy(_ text: String) async throws {
            let arguments = ["xclip": ["-selection", "clipboard"], "xsel": ["-b", "-i"]][tool] ?? []
            // It leaves a process behind that holds on to its output.
            let command = "exec /usr/bin/\(tool) \(arguments.joined(separator: " ")) >/dev/null 2>&1"
            #expect(
                try await run("/bin/sh", ["-c", command], environment: environment, input: text).status == 0
            )
            // Not each tool waits until it has the clipboard.
            try await eventually("the clipboard has it") { try await paste() == text }
        }

        func paste() async throws -> String {
            let commands = ["xclip": ["xclip", "-o", "-selection", "clipboard"], "xsel": ["xsel", "-b", "-o"]]
            let command = commands[tool] ?? ["wl-paste", "-n"]
            // An owner that goes while it is asked leaves xsel waiting for ever.
            let patient = ["3", "/usr/bin/\(command[0])"] + command.dropFirst()
            while true {
                let pasted = try await run("/usr/bin/timeout", patient, environment: environment)
                if pasted.status != 124 { return pasted.output }
            }
        }
    }

    /// Runs the command that copies a token.
    private func copied(_ agent: AgentUnderTest, _ user: TestUser, _ desktop: Desktop) async throws -> Ended {
        let environment = desktop.environment.merging(["JETON_SOCKET": agent.socket]) { $1 }
        let arguments = ["token", "--copy", "--password-stdin"]
        return try await run("jeton", arguments, environment: environment, input: user.password + "\n")
    }

    private func copy(_ agent: AgentUnderTest, _ user: TestUser, _ desktop: Desktop) async throws -> String {
        let copied = try await copied(agent, user, desktop)
        #expect(copied.status == 0 && copied.output.isEmpty, "\(copied.errors)")
        #expect(copied.errors.contains("Copied") && copied.errors.contains("not verified for end-to-end encryption"))
        #expect(Canary.secrets(in: copied.errors).isEmpty)
        let token = try await desktop.paste()
        #expect(!token.isEmpty)
        return token
    }

    /// Those who wait to clear the clipboard, after a `jeton` of this agent.
    private func keepers(_ agent: AgentUnderTest) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { Int32($0) }.filter { pid in
            let words = text("/proc/\(pid)/cmdline").split(separator: "\0")
            return words.first == "jeton-clipboard" && words.contains(Substring(agent.socket))
        }
    }

    /// Asks them to end, after which the clipboard has nothing.
    private func endKeepers(of agent: AgentUnderTest, by signal: Int32 = SIGTERM, _ desktop: Desktop) async throws {
        for keeper in try keepers(agent) { kill(keeper, signal) }
        try await eventually("nobody is left behind") { try keepers(agent).isEmpty }
        #expect(try await desktop.paste().isEmpty)
        try await agent.stop()
    }

    private func text(_ path: String) -> String {
        String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
    }

    @Test(arguments: Desktop.tools)
    func `the clipboard has a token that signs in, and no more once it was used`(kind: TestDisplay.Kind, tool: String)
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let desktop = try await Desktop(kind, tool)
        let token = try await copy(agent, user, desktop)
        // Where other programs could read it.
        for pid in try FileManager.default.contentsOfDirectory(atPath: "/proc").filter({ Int32($0) != nil }) {
            #expect(!text("/proc/\(pid)/cmdline").contains(token) && !text("/proc/\(pid)/environ").contains(token))
        }
        #expect(try keepers(agent).count == 1)
        try await agent.expectLook(at: user, homeserver)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).body["user_id"] == user.id)
        try await eventually("the clipboard is cleared") { try await desktop.paste().isEmpty }
        try await eventually("nobody is left behind") { try keepers(agent).isEmpty }
        try await agent.stop()
    }

    @Test(arguments: Desktop.tools)
    func `what was copied meanwhile stays`(kind: TestDisplay.Kind, tool: String) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let desktop = try await Desktop(kind, tool)
        let token = try await copy(agent, user, desktop)
        try await desktop.copy("a poem")
        try await agent.expectLook(at: user, homeserver)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).status == 200)
        try await eventually("nobody is left behind") { try keepers(agent).isEmpty }
        #expect(try await desktop.paste() == "a poem")
        try await agent.stop()
    }

    @Test(arguments: Desktop.tools)
    func `a token that nobody used goes when its life is over, though the agent has gone before`(
        kind: TestDisplay.Kind,
        tool: String
    ) async throws {
        let (agent, user, _) = try await signedInAtDev { $0.loginTokenLifetime = .seconds(30) }
        let desktop = try await Desktop(kind, tool)
        _ = try await copy(agent, user, desktop)
        try await agent.stop()
        try await eventually("the clipboard is cleared", within: .seconds(90)) { try await desktop.paste().isEmpty }
        try await eventually("nobody is left behind") { try keepers(agent).isEmpty }
    }

    @Test(arguments: Desktop.tools, [SIGTERM, SIGINT, SIGHUP])
    func `who is left behind clears it before it lets itself be ended`(
        desktop: (kind: TestDisplay.Kind, tool: String),
        signal: Int32
    ) async throws {
        let (agent, user, _) = try await signedInAtDev()
        let desktop = try await Desktop(desktop.kind, desktop.tool)
        _ = try await copy(agent, user, desktop)
        try await endKeepers(of: agent, by: signal, desktop)
    }

    @Test(arguments: Desktop.tools.filter { $0.kind == .x11 })
    func `the clipboard has it when the command ends, and has it no more when who is left behind has ended`(
        kind: TestDisplay.Kind,
        tool: String
    ) async throws {
        let (agent, user, _) = try await signedInAtDev()
        let desktop = try await Desktop(kind, tool)
        try desktop.delay()
        _ = try await copy(agent, user, desktop)
        try await endKeepers(of: agent, desktop)
    }

    @Test(arguments: Desktop.tools.filter { $0.kind == .x11 })
    func `somebody is left behind before it is copied, so that it goes though the command was killed then`(
        kind: TestDisplay.Kind,
        tool: String
    ) async throws {
        let (agent, user, _) = try await signedInAtDev()
        let desktop = try await Desktop(kind, tool)
        try desktop.killWhoCopies()
        #expect(try await copied(agent, user, desktop).status == 128 + SIGKILL)
        #expect(try await !desktop.paste().isEmpty)
        #expect(try keepers(agent).count == 1)
        try await endKeepers(of: agent, desktop)
    }

    @Test(arguments: Desktop.tools)
    func `it is copied, too, where the ends of children are ignored`(kind: TestDisplay.Kind, tool: String) async throws
    {
        let (agent, user, _) = try await signedInAtDev()
        let desktop = try await Desktop(kind, tool)
        let copied = try await run(
            "/usr/bin/env",
            ["--ignore-signal=CHLD", Programs.path("jeton"), "token", "--copy", "--password-stdin"],
            environment: desktop.environment.merging(["JETON_SOCKET": agent.socket]) { $1 },
            input: user.password + "\n"
        )
        #expect(copied.status == 0 && copied.errors.contains("Copied"), "\(copied.errors)")
        #expect(try await !desktop.paste().isEmpty)
        try await endKeepers(of: agent, desktop)
    }

    @Test(
        arguments: [(TestDisplay.Kind.x11, "xclip"), (.wayland, "wl-clipboard")].filter {
            TestDisplay.isAvailable($0.0)
        }
    )
    func `a program that is missing is named, and nothing is minted`(kind: TestDisplay.Kind, package: String)
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let desktop = try await Desktop(kind, nil)
        let refused = try await copied(agent, user, desktop)
        #expect(refused.status == 1 && refused.errors.contains("in the package \(package)"), "\(refused.errors)")
        #expect(await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }

    @Test func `where there is no clipboard, or where it is asked for what excludes it, nothing is minted`()
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        // Displays that have gone are none, and what the tests run on may be no terminal.
        let gone = ["DISPLAY": ":4711", "WAYLAND_DISPLAY": "/nowhere/wayland-0", "TERM": "dumb"]
        for environment in [["TERM": "dumb"], gone] {
            let environment = environment.merging(["JETON_SOCKET": agent.socket]) { $1 }
            let refused = try await run("jeton", ["token", "--copy", "--password-stdin"], environment: environment)
            #expect(refused.status == 1 && refused.errors.contains("no clipboard here"), "\(refused.errors)")
        }
        for other in [["--show"], ["--json"], ["--qr"], ["--png", "/nowhere/code.png"]] {
            #expect(try await run("jeton", ["token", "--copy"] + other).status == 64)
        }
        #expect(await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }
}
