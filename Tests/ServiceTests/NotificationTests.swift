import Foundation
import JetonAPI
import TestSupport
import Testing

/// What the user is told on a desktop, by the real units and a real notification daemon.
@Suite(.needsUserManager, .needsDesktop, .timeLimit(.minutes(5))) struct NotificationTests {
    private static func log(_ agent: InstalledAgent) async throws -> String {
        try await agent.user.say("cat", "\(agent.user.home)/pinentry/log")
    }

    private static func plan(_ words: String, _ agent: InstalledAgent) async throws {
        try await agent.user.write(words, to: "\(agent.user.home)/pinentry/plan")
    }

    private static func units(_ agent: InstalledAgent) async throws -> String {
        try await agent.user.systemctl("list-units", "--all", "--plain", "--no-legend", "jeton-desktop@*")
    }

    /// Nothing of any notification runs any more.
    private static func isQuiet(_ agent: InstalledAgent) async throws {
        try await eventually("no notification is waited for", within: .seconds(40)) {
            try await units(agent).isEmpty
        }
    }

    /// Another client that signs in with a fresh login token.
    private struct Stranger {
        let client: OtherClient
        let device: String
        let accessToken: String

        init(
            _ agent: InstalledAgent,
            _ user: TestUser,
            _ homeserver: DevHomeserverUnderTest,
            named name: String = "New phone"
        ) async throws {
            let minted = try await agent.mint(as: user)
            let result = try JSONSerialization.jsonObject(with: Data(minted.output.utf8)) as? [String: Any]
            client = OtherClient(homeserver.address)
            let session = try await client.logIn(
                token: try #require(result?["login_token"] as? String, "\(minted.errors)"),
                deviceName: name
            ).body
            (device, accessToken) = (try #require(session["device_id"]), try #require(session["access_token"]))
        }

        var isSignedIn: Bool { get async throws { try await client.whoAmI(accessToken).status == 200 } }
    }

    @Test func `who was signed in is told, and the button signs it out once the user has agreed at the prompt`()
        async throws
    {
        let (agent, user, homeserver) = try await PromptServiceTests.ready("ok", at: .asking)
        let desktop = DesktopSession(user: agent.user)
        try await desktop.start()
        let stranger = try await Stranger(agent, user, homeserver, named: "A & B <b>\u{202E}phone")
        try await eventually("it is noticed") {
            try await agent.call(ListLoginTokens()).tokens.first?.state == .redeemed
        }
        // Its first request.
        #expect(try await stranger.isSignedIn)
        try await eventually("it is shown") { try await desktop.shown() == 1 }
        let told = try #require(try await desktop.notifications().first)
        #expect(told[0] == "A device was signed in as \(user.id)")
        // The daemon reads markup.
        #expect(told[1].hasPrefix("“A &amp; B ‹b›\u{FFFD}phone” (\(stranger.device)), at "), "\(told)")
        #expect(told[1].hasSuffix(", from 127.0.0.1."))
        #expect(told.contains { $0.contains("not verified for end-to-end encryption") })
        #expect(told.last == "If this was not you: jeton revoke \(stranger.device)")
        try await Self.plan("pin:\(user.password)", agent)
        try await desktop.press()
        try await eventually("the device is signed out") { try await !stranger.isSignedIn }
        #expect(try await Self.log(agent).contains("Device: \(stranger.device)"))
        try await eventually("that is told too") {
            try await desktop.notifications().last?.first == "Device signed out"
        }
        try await Self.isQuiet(agent)
        #expect(try await !agent.said(by: "jeton-desktop").contains { $0.contains("ignoring") })
        try await agent.lookForSecretsInTheJournal()
    }

    @Test func `promise 12: what shows it has no network and no privilege, and nothing of it runs before`() async throws
    {
        let (agent, user, homeserver) = try await PromptServiceTests.ready("ok", at: .asking)
        let desktop = DesktopSession(user: agent.user)
        try await desktop.start()
        #expect(try await Self.units(agent).isEmpty)
        _ = try await Stranger(agent, user, homeserver)
        try await eventually("it is shown") { try await desktop.shown() == 1 }
        let unit = try #require(try await Self.units(agent).split(separator: " ").first.map { String($0) })
        let pid = try await agent.user.systemctl("show", "--value", "--property", "MainPID", unit)
        let manager = agent.user.manager
        let status = try await manager.asRoot("cat", "/proc/\(pid)/status").output
        for set in ["NoNewPrivs:\t1", "Seccomp:\t2", "CapBnd:\t0000000000000000"] { #expect(status.contains(set)) }
        let network = try await manager.asRoot("readlink", "/proc/\(pid)/ns/net").output
        #expect(try await agent.user.run(["readlink", "/proc/self/ns/net"]).output != network)
        try await desktop.close()
        try await Self.isQuiet(agent)
    }

    @Test func `a user who refuses is told that the device is still signed in`() async throws {
        let (agent, user, homeserver) = try await PromptServiceTests.ready("cancel", at: .asking)
        let desktop = DesktopSession(user: agent.user)
        try await desktop.start()
        let stranger = try await Stranger(agent, user, homeserver)
        try await eventually("it is shown") { try await desktop.shown() == 1 }
        try await desktop.press()
        try await eventually("it is told") {
            try await desktop.notifications().last?.first == "Device still signed in"
        }
        #expect(try await desktop.notifications().last?.contains { $0.contains("the user has refused") } == true)
        #expect(try await stranger.isSignedIn)
        try await Self.isQuiet(agent)
    }

    @Test func `only the daemon that shows it presses its button, and one that was closed is over`() async throws {
        let (agent, user, homeserver) = try await PromptServiceTests.ready("ok", at: .asking)
        let desktop = DesktopSession(user: agent.user)
        try await desktop.start()
        let stranger = try await Stranger(agent, user, homeserver)
        try await eventually("it is shown") { try await desktop.shown() == 1 }
        // Straight to it: the bus itself passes on no others.
        let rows = try await agent.user.say("busctl", "--user", "list", "--unique", "--no-legend").split(
            separator: "\n"
        )
        let row = try #require(rows.map { $0.split(separator: " ") }.first { $0.count > 2 && $0[2] == "jeton-desktop" })
        let emit = ["busctl", "--user", "--destination=\(row[0])", "emit", "/org/freedesktop/Notifications"]
        for number in 1...9 {
            let signal = ["org.freedesktop.Notifications", "ActionInvoked", "us", "\(number)", "sign-out-0"]
            #expect(try await agent.user.run(emit + signal).status == 0)
        }
        // Comes after those.
        try await desktop.close()
        try await Self.isQuiet(agent)
        #expect(try await Self.log(agent).isEmpty)
        #expect(try await stranger.isSignedIn)
    }

    @Test func `who wants no notifications gets none`() async throws {
        let (agent, user, homeserver) = try await PromptServiceTests.ready("ok", at: .asking)
        let desktop = DesktopSession(user: agent.user)
        try await desktop.start()
        let settings = try await agent.user.say("cat", agent.configuration)
        try await agent.user.write(
            "{ notifications: false, limits: { login_token: { count: 9, per_ms: 1 } } }",
            to: agent.configuration
        )
        try await agent.user.systemctl("reload", "jetond.service")
        _ = try await Stranger(agent, user, homeserver)
        // The ledger has it earlier: without an address it is told one look later.
        try await eventually("it is told") {
            let said = try await agent.said(by: "jetond")
            return said.contains { $0.contains("a device was signed in while a login token lived") }
        }
        try await agent.user.write(
            settings.replacing("{", with: "{ limits: { login_token: { count: 9, per_ms: 1 } },", maxReplacements: 1),
            to: agent.configuration
        )
        try await agent.user.systemctl("reload", "jetond.service")
        let second = try await Stranger(agent, user, homeserver)
        try await eventually("it is shown") { try await desktop.shown() == 1 }
        #expect(try await desktop.notifications().first?[1].contains(second.device) == true)
        try await desktop.close()
        try await Self.isQuiet(agent)
    }

    @Test(arguments: [
        ("", "the session bus"), ("hang", "the session bus"),
        ("garbage", "the session bus does not answer"),
    ])
    func `where nothing can be shown the journal says so, and nobody waits`(kind: String, sentence: String)
        async throws
    {
        let (agent, user, homeserver) = try await PromptServiceTests.ready("ok", at: .asking)
        try await Self.play(kind, agent)
        let stranger = try await Stranger(agent, user, homeserver)
        try await eventually("it is noticed", within: .seconds(60)) {
            try await agent.call(ListLoginTokens()).tokens.first?.state == .redeemed
        }
        try await eventually("the journal says it", within: .seconds(60)) {
            try await agent.said(by: "jeton-desktop").contains { $0.contains("no notification can be shown: ") }
        }
        let said = try await agent.said(by: "jeton-desktop")
        #expect(said.contains { $0.contains("no notification can be shown: \(sentence)") }, "\(said)")
        try await Self.isQuiet(agent)
        #expect(try await stranger.isSignedIn)
        #expect(try await agent.call(ListLoginTokens()).tokens.first?.redeemedBy?.deviceId == stranger.device)
    }

    @Test func `a daemon without buttons and markup gets neither, and nobody waits for it`() async throws {
        let (agent, user, homeserver) = try await PromptServiceTests.ready("ok", at: .asking)
        try await Self.play("numbers", agent)
        let stranger = try await Stranger(agent, user, homeserver, named: "A & B")
        let shown = "\(agent.user.home)/notifier/log"
        try await eventually("it is shown") {
            try await agent.user.run(["cat", shown]).output.contains("“A & B” (\(stranger.device))")
        }
        #expect(try await agent.user.say("cat", shown).hasSuffix("jeton revoke \(stranger.device) []"))
        try await Self.isQuiet(agent)
    }

    /// Has this misbehaving daemon show notifications; none, where it is empty.
    private static func play(_ kind: String, _ agent: InstalledAgent) async throws {
        let (folder, name) = ("\(agent.user.home)/notifier", "org.freedesktop.Notifications")
        // Whatever is installed here is not started either.
        let service = "[D-BUS Service]\nName=\(name)\nExec=/bin/false\n"
        try await agent.user.write(service, to: "\(agent.user.home)/.local/share/dbus-1/services/\(name).service")
        let bus = ["org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus"]
        #expect(try await agent.user.run(["busctl", "--user", "call"] + bus + ["ReloadConfig"]).status == 0)
        guard !kind.isEmpty else { return }
        let path = "\(Programs.repository)/Tests/TestSupport/fake-notifier"
        try await agent.user.write(try String(contentsOfFile: path, encoding: .utf8), to: "\(folder)/fake-notifier")
        try await agent.user.say(
            "systemd-run",
            "--user",
            "--quiet",
            "--collect",
            "--property=StandardOutput=append:\(folder)/log",
            "/usr/bin/python3",
            "\(folder)/fake-notifier",
            kind
        )
        try await eventually("it has the name") {
            let ask = ["busctl", "--user", "call"] + bus + ["NameHasOwner", "s", name]
            return try await agent.user.run(ask).output == "b true\n"
        }
    }

    @Test func `promise 8: nobody but the agent has anything shown`() async throws {
        let agent = try await InstalledAgent.ready()
        let task = DesktopTask.tell(.example)
        let json = String(decoding: try JSONCoding.encoder().encode(task), as: UTF8.self) + "\n"
        let socket = "\(agent.user.runtimeFolder)/jeton/desktop.sock"
        let answer = try await agent.user.run(["socat", "-t", "20", "-", "UNIX-CONNECT:\(socket)"], input: json)
        #expect(answer.output.contains("only jetond.service may use the desktop"), "\(answer.output)\(answer.errors)")
    }
}
