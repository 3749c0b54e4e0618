import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// The stand-in for a browser: what it does by itself, and what it passes on.
@Suite(.timeLimit(.minutes(5))) struct BrowserTests {
    /// A browser that writes its arguments down, and the environment that makes it the real one.
    private final class RealBrowser {
        private let folder: ScratchFolder
        var program: String { folder.file("browser") }

        init() throws {
            folder = try ScratchFolder()
            try folder.write("", to: "log")
            let script = "#!/bin/sh\nprintf '<%s>' \"$@\" >>'\(folder.file("log"))'\necho >>'\(folder.file("log"))'\n"
            try folder.write(script, to: "browser", mode: 0o700)
        }

        func opened() throws -> [String] {
            try String(contentsOfFile: folder.file("log"), encoding: .utf8).split(separator: "\n").map { String($0) }
        }

        /// The folder, with the browser by another name in it.
        func folder(naming name: String) throws -> String {
            try FileManager.default.createSymbolicLink(atPath: folder.file(name), withDestinationPath: program)
            return folder.path
        }
    }

    private static func address(_ homeserver: String, _ port: Int) -> String {
        "\(homeserver)/_matrix/client/v3/login/sso/redirect?redirectUrl=http%3A%2F%2Flocalhost%3A\(port)%2F"
    }

    private static func standIn(_ arguments: [String], _ environment: [String: String]) async throws -> Ended {
        try StandIn.install()
        return try await run(StandIn.path, arguments, environment: environment)
    }

    /// An agent that asks by a prompt, at a homeserver that asks nothing.
    private static func agent(_ plan: String) async throws -> (AgentUnderTest, PromptUnderTest, DevHomeserverUnderTest)
    {
        let prompt = try await PromptUnderTest(plan)
        let homeserver = try await DevHomeserverUnderTest(.unasking)
        let user = try await homeserver.newUser()
        let agent = try await AgentUnderTest(arguments: ["--prompt-socket", prompt.socket]).start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        return (agent, prompt, homeserver)
    }

    @Test func `it returns at once, and the client gets its token once the user has agreed`() async throws {
        let (agent, prompt, homeserver) = try await Self.agent("until:go")
        let (client, browser) = (try await WaitingClient(), try RealBrowser())
        let ended = try await Self.standIn(
            [Self.address(homeserver.address, client.port)],
            ["JETON_SOCKET": agent.socket, "JETON_BROWSER": browser.program]
        )
        #expect(ended.status == 0)
        try await eventually("the user is asked") { prompt.questions == 1 }
        // Who opened the address, as that one has gone by now.
        let name = try String(contentsOfFile: "/proc/self/comm", encoding: .utf8).trimmingCharacters(in: .newlines)
        #expect(prompt.description.contains("“sign-in of \(name)"))
        #expect(try client.requests().isEmpty)
        try prompt.release("go")
        try await eventually("the client has it") { try client.tokens().count == 1 }
        #expect(try browser.opened().isEmpty)
        try await agent.stop()
    }

    @Test(arguments: [
        ["https://example.org/?a=b&c=%20"], ["--new-window", "https://example.org"], [], ["mailto:a@example.org"],
        ["https://a.example/_matrix/client/v3/login/sso/redirect?redirectUrl=https%3A%2F%2Fchat.example.org"],
    ])
    func `what is nothing for the agent goes to the real browser as it came`(arguments: [String]) async throws {
        let browser = try RealBrowser()
        let ended = try await Self.standIn(arguments, ["JETON_BROWSER": browser.program])
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try browser.opened() == [arguments.isEmpty ? "<>" : arguments.map { "<\($0)>" }.joined()])
    }

    @Test func `a client's own address does once the agent has said that it cannot be opened safely`() async throws {
        let (agent, prompt, homeserver) = try await Self.agent("ok")
        let browser = try RealBrowser()
        let page = "\(homeserver.address)/_matrix/client/v3/login/sso/redirect"
        let address = "\(page)?redirectUrl=element%3A%2F%2Fconnect"
        let settings = ["JETON_SOCKET": agent.socket, "JETON_BROWSER": browser.program]
        #expect(try await Self.standIn([address], settings).status == 0)
        try await eventually("the browser opens it") { try browser.opened() == ["<\(address)>"] }
        #expect(prompt.questions == 0)
        #expect(await homeserver.server.seenRequests.count { $0.path.hasSuffix("/get_token") } == 0)
        try await agent.stop()
    }

    @Test func `another homeserver's address does too, and any where there is no agent`() async throws {
        let (agent, prompt, _) = try await Self.agent("ok")
        let client = try await WaitingClient()
        for socket in [agent.socket, "/nowhere/agent.sock"] {
            let browser = try RealBrowser()
            let address = Self.address("http://localhost:1", client.port)
            let ended = try await Self.standIn(
                [address],
                ["JETON_SOCKET": socket, "BROWSER": "\(browser.program) -x %s"]
            )
            #expect(ended.status == 0)
            try await eventually("the browser opens it") { try browser.opened() == ["<-x><\(address)>"] }
        }
        #expect(prompt.questions == 0)
        #expect(try client.requests().isEmpty)
        try await agent.stop()
    }

    @Test func `what works behind the client's back keeps nothing of the client's open`() async throws {
        let (agent, prompt, homeserver) = try await Self.agent("until:go")
        let client = try await WaitingClient()
        let folder = try ScratchFolder()
        let file = try folder.write("", to: "held")
        try StandIn.install()
        let ended = try await run(
            "/bin/sh",
            ["-c", #"exec 7>"$1"; exec "$0" "$2""#, StandIn.path, file, Self.address(homeserver.address, client.port)],
            environment: ["JETON_SOCKET": agent.socket]
        )
        #expect(ended.status == 0, "\(ended.errors)")
        try await eventually("the user is asked") { prompt.questions == 1 }
        #expect(Self.holders(of: file) == [])
        try prompt.release("go")
        try await eventually("the client has it") { try client.tokens().count == 1 }
        try await agent.stop()
    }

    /// Which processes have a file open.
    private static func holders(of file: String) -> [String] {
        let files = FileManager.default
        return ((try? files.contentsOfDirectory(atPath: "/proc")) ?? []).filter { pid in
            let descriptors = (try? files.contentsOfDirectory(atPath: "/proc/\(pid)/fd")) ?? []
            return descriptors.contains { descriptor in
                (try? files.destinationOfSymbolicLink(atPath: "/proc/\(pid)/fd/\(descriptor)")) == file
            }
        }
    }

    @Test func `where nobody listens yet the real browser opens the address, as any browser would`() async throws {
        let (agent, prompt, homeserver) = try await Self.agent("ok")
        let client = try await WaitingClient()
        try await client.stop()
        let browser = try RealBrowser()
        let address = Self.address(homeserver.address, client.port)
        let ended = try await Self.standIn(
            [address],
            ["JETON_SOCKET": agent.socket, "JETON_BROWSER": browser.program]
        )
        #expect(ended.status == 0)
        try await eventually("the browser opens it") { try browser.opened() == ["<\(address)>"] }
        #expect(prompt.questions == 0)
        try await agent.stop()
    }

    @Test(.enabled(if: geteuid() == 0, "SKIPPED: only root can listen as somebody else"))
    func `where somebody else listens no browser brings a login token there, and the user is told`() async throws {
        let (agent, prompt, homeserver) = try await Self.agent("ok")
        let (other, browser, desktop) = (
            try await WaitingClient(uid: 65534), try RealBrowser(), try ScratchFolder()
        )
        try desktop.write("", to: "told")
        let told = desktop.file("told")
        try desktop.write("#!/bin/sh\nprintf '<%s>' \"$@\" >'\(told)'\n", to: "notify-send", mode: 0o700)
        // In the foreground, so that its end is seen.
        let ended = try await run(
            "jeton",
            ["handover", "--instead-of-browser", Self.address(homeserver.address, other.port)],
            environment: [
                "JETON_SOCKET": agent.socket, "JETON_BROWSER": browser.program, "DISPLAY": ":77",
                "PATH": "\(desktop.path):/usr/bin:/bin",
            ]
        )
        #expect(ended.status == 4)
        #expect(ended.errors.contains("belongs to another user"))
        try await eventually("the user is told") {
            try String(contentsOfFile: told, encoding: .utf8).contains("belongs to another user")
        }
        #expect(prompt.questions == 0)
        #expect(try browser.opened().isEmpty)
        #expect(try other.requests().isEmpty)
        try await agent.stop()
    }

    @Test func `whoever says no is not asked again by a browser`() async throws {
        let (agent, prompt, homeserver) = try await Self.agent("cancel")
        let (client, browser) = (try await WaitingClient(), try RealBrowser())
        // In the foreground, so that its end is seen.
        let ended = try await run(
            "jeton",
            ["handover", "--instead-of-browser", Self.address(homeserver.address, client.port)],
            environment: ["JETON_SOCKET": agent.socket, "JETON_BROWSER": browser.program]
        )
        #expect(ended.status == 4)
        #expect(prompt.questions == 1)
        #expect(try browser.opened().isEmpty)
        try await agent.stop()
    }

    @Test func `a desktop that has the stand-in for its browser does not go round in circles`() async throws {
        let browser = try RealBrowser()
        let desktop = try ScratchFolder()
        try StandIn.install()
        // As xdg-open does where the desktop's default is the stand-in.
        try desktop.write("#!/bin/sh\nexec '\(StandIn.path)' \"$@\"\n", to: "xdg-open", mode: 0o700)
        let folders = [desktop.path, try browser.folder(naming: "x-www-browser"), "/usr/bin:/bin"]
        let ended = try await Self.standIn(
            ["https://example.org"],
            ["PATH": folders.joined(separator: ":"), "BROWSER": "jeton-browser"]
        )
        #expect(ended.status == 0, "\(ended.errors)")
        #expect(try browser.opened() == ["<https://example.org>"])
        let none = try await Self.standIn(["https://example.org"], ["PATH": desktop.path, "JETON_BROWSER_PASSED": "1"])
        #expect(none.status == 1)
        #expect(none.errors.contains("JETON_BROWSER"))
    }

    @Test func `jeton exec reaches a client that leaves its browser to the desktop, whose own opens all else`()
        async throws
    {
        let (agent, prompt, homeserver) = try await Self.agent("ok")
        let (client, browser) = (try await WaitingClient(), try RealBrowser())
        try StandIn.install()
        let desktop = try ScratchFolder()
        let entry = "[Desktop Entry]\nType=Application\nName=Real\nExec=\(browser.program) %u\n"
        try desktop.write(entry, to: ".local/share/applications/real.desktop")
        let defaults = ["http", "https"].map { "x-scheme-handler/\($0)=real.desktop\n" }.joined()
        try desktop.write("[Default Applications]\n\(defaults)", to: ".config/mimeapps.list")
        let script = #"xdg-open "$1" && xdg-open https://example.org"#
        let ended = try await run(
            "jeton",
            [
                "exec", "--browser", "--socket", agent.socket, "--", "/bin/sh", "-c", script, "sh",
                Self.address(homeserver.address, client.port),
            ],
            environment: ["HOME": desktop.path, "DISPLAY": ":none"]
        )
        #expect(ended.status == 0, "\(ended.errors)")
        try await eventually("the client has it") { try client.tokens().count == 1 }
        #expect(try browser.opened() == ["<https://example.org>"])
        #expect(prompt.questions == 1)
        try await agent.stop()
    }

    @Test func `jeton exec gives a command the stand-in, and keeps its browser for all else`() async throws {
        let (agent, prompt, homeserver) = try await Self.agent("ok")
        let (client, browser) = (try await WaitingClient(), try RealBrowser())
        try StandIn.install()
        let script = #"$BROWSER "$1" && $BROWSER https://example.org"#
        let ended = try await run(
            "jeton",
            [
                "exec", "--browser", "--socket", agent.socket, "--", "/bin/sh", "-c", script, "sh",
                Self.address(homeserver.address, client.port),
            ],
            environment: ["BROWSER": browser.program]
        )
        #expect(ended.status == 0, "\(ended.errors)")
        try await eventually("the client has it") { try client.tokens().count == 1 }
        #expect(try browser.opened() == ["<https://example.org>"])
        #expect(prompt.questions == 1)
        try await agent.stop()
    }
}
