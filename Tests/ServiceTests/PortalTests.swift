import DevHomeserver
import Foundation
import TestSupport
import Testing

/// Clients that wait for an address of their own scheme, opened by a real desktop portal.
@Suite(.needsUserManager, .needsPortal, .timeLimit(.minutes(5))) struct PortalTests {
    private static let scheme = "jeton-test"
    private static let client = "org.jeton.TestClient"

    /// An agent whose user agrees, and a client that the desktop knows.
    private struct Scene {
        let agent: InstalledAgent
        let user: TestUser
        let homeserver: DevHomeserverUnderTest

        var log: String { "\(agent.user.home)/client/log" }

        /// - Parameters:
        ///   - entry: a line of the client's desktop file.
        ///   - setup: whether the homeserver asks for the password.
        /// - Throws: where something cannot be installed.
        init(_ entry: String = "DBusActivatable=true", at setup: Setup = .unasking) async throws {
            (agent, user, homeserver) = try await PromptServiceTests.ready("ok", at: setup)
            try await copy("desktop-client")
            try await installClient(client, "Name=Test & <Client>\n\(entry)")
        }

        /// A client that can be told by the bus, whatever its desktop file says.
        func installClient(_ id: String, _ lines: String) async throws {
            let home = agent.user.home
            let command = "/usr/bin/python3 \(home)/client/desktop-client \(id) \(log)"
            try await install(id, "\(lines)\nExec=\(command) %u")
            let service = "[D-BUS Service]\nName=\(id)\nExec=\(command)\n"
            try await agent.user.write(service, to: "\(home)/.local/share/dbus-1/services/\(id).service")
            try await reloadBus()
        }

        /// Another client in the place of the one that is there.
        func replaceClient(by id: String) async throws {
            try await agent.user.say("rm", "\(agent.user.home)/.local/share/applications/\(client).desktop")
            try await installClient(id, "Name=Test & <Client>\nDBusActivatable=true")
        }

        func copy(_ name: String) async throws {
            let path = "\(Programs.repository)/Tests/TestSupport/\(name)"
            try await agent.user.write(
                try String(contentsOfFile: path, encoding: .utf8),
                to: "\(agent.user.home)/client/\(name)"
            )
        }

        /// A program for the scheme, known to the desktop as its installation would make it known.
        func install(_ id: String, _ lines: String) async throws {
            let folder = "\(agent.user.home)/.local/share/applications"
            let entry = "[Desktop Entry]\nType=Application\n\(lines)\nMimeType=x-scheme-handler/\(scheme);\n"
            try await agent.user.write(entry, to: "\(folder)/\(id).desktop")
            try await agent.user.say("update-desktop-database", folder)
        }

        func reloadBus() async throws {
            let bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig"]
            #expect(try await agent.user.run(["busctl", "--user", "call"] + bus).status == 0)
        }

        /// Whatever portal is installed is not started.
        func abolishPortal() async throws {
            let name = "org.freedesktop.portal.Desktop"
            let service = "[D-BUS Service]\nName=\(name)\nExec=/bin/false\n"
            try await agent.user.write(
                service,
                to: "\(agent.user.home)/.local/share/dbus-1/services/\(name).service"
            )
            try await reloadBus()
        }

        /// Has this one misbehave in the portal's place.
        func play(_ kind: String) async throws {
            try await abolishPortal()
            try await copy("fake-portal")
            let command = ["/usr/bin/python3", "\(agent.user.home)/client/fake-portal", kind, log]
            let run = ["systemd-run", "--user", "--quiet", "--collect"]
            #expect(try await agent.user.run(run + command).status == 0)
            try await eventually("it has the name") {
                let bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"]
                let ask = ["NameHasOwner", "s", "org.freedesktop.portal.Desktop"]
                return try await agent.user.run(["busctl", "--user", "call"] + bus + ask).output == "b true\n"
            }
        }

        func handOver(_ redirect: String = "\(scheme)://login?x=1#/y") async throws -> Ended {
            let set = CharacterSet.alphanumerics
            let encoded = redirect.addingPercentEncoding(withAllowedCharacters: set) ?? ""
            let page = "/_matrix/client/v3/login/sso/redirect?redirectUrl="
            return try await agent.jeton("handover", "\(homeserver.address)\(page)\(encoded)", "--agent-prompt")
        }

        /// What was opened, an address a line.
        func opened() async throws -> [String] {
            try await agent.user.run(["cat", log]).output.split(separator: "\n").map(String.init)
        }

        func question() async throws -> String {
            try await agent.user.say("cat", "\(agent.user.home)/pinentry/log")
        }

        var mintRequests: Int {
            get async { await homeserver.server.seenRequests.count { $0.path.hasSuffix("/get_token") } }
        }
    }

    @Test func `promise 9: a client that is told by the bus is signed in, and the token is in nobody's arguments`()
        async throws
    {
        let scene = try await Scene()
        try await DesktopSession(user: scene.agent.user).startDisplay()
        let ended = try await scene.handOver()
        #expect(ended.status == 0, "\(ended.errors)")
        var opened = ""
        try await eventually("the client has its address") {
            opened = try await scene.opened().first ?? ""
            return !opened.isEmpty
        }
        let token = try #require(
            opened.wholeMatch(of: /jeton-test:\/\/login\?x=1&loginToken=([^&#]+)#\/y/)?.1,
            "\(opened)"
        )
        let session = try await OtherClient(scene.homeserver.address).logIn(token: String(token))
        #expect(session.body["user_id"] == scene.user.id)
        let question = try await scene.question()
        #expect(question.contains("Opened by the desktop: jeton-test:…"), "\(question)")
        #expect(question.contains("With: “Test & ‹Client› (\(Self.client).desktop)”"), "\(question)")
        try await scene.agent.lookForSecretsInTheJournal()
    }

    @Test func `a client that has come in the place of the one that the user agreed to gets nothing`() async throws {
        let scene = try await Scene(at: .asking)
        try await DesktopSession(user: scene.agent.user).startDisplay()
        let plan = "\(scene.agent.user.home)/pinentry/plan"
        try await scene.agent.user.write("pin:\(scene.user.password)", to: plan)
        await scene.homeserver.server.misbehave(on: "/_matrix/client/v1/login/get_token", .hold)
        async let handedOver = scene.handOver()
        try await eventually("the homeserver has asked for the password") { await scene.mintRequests == 1 }
        await scene.homeserver.server.letGo()
        // The agent looks before this for the last time.
        try await eventually("the login token is minted") { await scene.mintRequests == 2 }
        try await scene.replaceClient(by: "org.jeton.Other")
        await scene.homeserver.server.letGo()
        let ended = try await handedOver
        #expect(ended.status == 1, "\(ended.output)")
        #expect(ended.errors.contains("another program opens it now than you were asked about"), "\(ended.errors)")
        #expect(ended.errors.contains("live until"))
        #expect(try await scene.question().contains("With: “Test & ‹Client› (\(Self.client).desktop)”"))
        #expect(try await scene.opened().isEmpty)
    }

    @Test(arguments: ["", "DBusActivatable=false"])
    func `a client that would get the token as an argument gets none, and a browser may go on`(entry: String)
        async throws
    {
        let scene = try await Scene(entry)
        let ended = try await scene.handOver()
        #expect(ended.status == 4, "\(ended.output)")
        #expect(ended.errors.contains("in its arguments, where all programs of this machine see it"), "\(ended.errors)")
        #expect(ended.errors.contains("no login token goes there"))
        #expect(await scene.mintRequests == 0)
        #expect(try await scene.opened().isEmpty)
        #expect(try await scene.question().isEmpty)
    }

    @Test func `where two programs would open it neither does`() async throws {
        let scene = try await Scene()
        try await scene.install("org.jeton.Other", "Name=Other\nExec=/bin/true %u\nDBusActivatable=true")
        let ended = try await scene.handOver()
        #expect(ended.status == 4 && ended.errors.contains("several programs"), "\(ended.errors)")
        #expect(await scene.mintRequests == 0)
    }

    @Test func `where nobody opens it, or there is no portal, nothing is asked and nothing minted`() async throws {
        let scene = try await Scene()
        let unknown = try await scene.handOver("nobody-has-this:x")
        #expect(unknown.status == 4 && unknown.errors.contains("no program of this desktop opens it"))
        try await scene.abolishPortal()
        let absent = try await scene.handOver()
        #expect(absent.status == 4 && absent.errors.contains("install xdg-desktop-portal"), "\(absent.errors)")
        try await scene.agent.user.systemctl("stop", "jeton-desktop.socket")
        let off = try await scene.handOver()
        let cure = "systemctl --user enable --now jeton-desktop.socket"
        #expect(off.status == 4 && off.errors.contains(cure), "\(off.errors)")
        #expect(await scene.mintRequests == 0)
        #expect(try await scene.question().isEmpty)
    }

    @Test(arguments: [
        ("cancel", "You have closed the desktop's question"), ("fails", "the portal has failed at it"),
        ("garbage", "the portal has failed at it"), ("hang", "the portal has failed at it"),
        ("silent", "the portal did not answer in time"), ("forged", "You have closed the desktop's question"),
    ])
    func `whatever a portal makes of it, it is told, and the token is known to exist`(kind: String, sentence: String)
        async throws
    {
        let scene = try await Scene()
        try await scene.play(kind)
        let ended = try await scene.handOver()
        #expect(ended.status == 1, "\(ended.output)")
        #expect(ended.errors.contains(sentence), "\(ended.errors)")
        #expect(ended.errors.contains("live until"))
        let opened = try await scene.opened()
        #expect(opened.first?.hasPrefix("jeton-test://login?x=1&loginToken=") == true)
        // Nobody opens it later.
        #expect(kind != "silent" || opened.last == "closed")
        try await eventually("nothing of it runs any more", within: .seconds(40)) {
            let list = ["list-units", "--all", "--plain", "--no-legend", "jeton-desktop@*"]
            return try await scene.agent.user.run(["systemctl", "--user"] + list).output.isEmpty
        }
        try await scene.agent.lookForSecretsInTheJournal()
    }
}

extension Trait where Self == ConditionTrait {
    static var needsPortal: Self {
        let programs = ["/usr/libexec/xdg-desktop-portal", "/usr/bin/update-desktop-database", "/usr/bin/Xvfb"]
        return .enabled(
            if: programs.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) },
            "SKIPPED: xdg-desktop-portal, desktop-file-utils and xvfb are not installed"
        )
    }
}
