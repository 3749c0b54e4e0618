import Foundation
import TestSupport
import Testing

/// What the installer puts where, and takes away again.
@Suite(.needsUserManager) struct InstallTests {
    @Test func `what was installed for one user is removed again, and nothing else`() async throws {
        let agent = try await InstalledAgent()
        let before = try await files(of: agent.user)
        try await agent.install()
        #expect(try await agent.jeton("status").status == 0)
        // An older version had a file more.
        let list = "\(agent.user.home)/.local/share/jeton/installed"
        let old = "\(agent.user.home)/.local/share/old/file"
        try await agent.user.write("x", to: old)
        try await agent.user.say("sh", "-c", #"printf '%s\n' "$1" "${1%/*}/" >>"$2""#, "-", old, list)
        try await agent.install()
        #expect(try await !files(of: agent.user).contains(old))
        let said = try await agent.user.say("\(Programs.repository)/systemd/install", "--uninstall")
        #expect(said.contains("Kept your settings"))
        let left = try await files(of: agent.user).subtracting(before)
        let state = try await state(of: agent.user)
        let kept = ["\(agent.user.home)/.config", "\(agent.user.home)/.config/jeton", agent.configuration, state]
        #expect(left.subtracting(kept) == ["\(state)/lock"])
        #expect(try await agent.user.systemctl("list-units", "--all", "--plain", "--no-legend", "jetond*").isEmpty)
        let again = try await agent.user.run(["\(Programs.repository)/systemd/install", "--uninstall"])
        #expect(again.status == 1)
        #expect(again.errors.contains("nothing is installed"))
    }

    @Test func `a home folder may have a strange name, and is refused where systemd refuses it`() async throws {
        let user = try await UserManager.running().newUser()
        let home = "\(user.home)/50% of $it"
        try await user.say("mkdir", home)
        let environment = ["env", "HOME=\(home)", "XDG_CONFIG_HOME=\(user.home)/.config"]
        let installer = ["\(Programs.repository)/systemd/install", "--built", Programs.folder]
        let installed = try await user.run(environment + installer)
        #expect(installed.status == 0, "\(installed.errors)")
        let status = try await user.run(["\(home)/.local/bin/jeton", "rpc", "agent.ping"])
        #expect(status.status == 0, "\(status.errors)")
        let quoted = ["env", "HOME=\(user.home)/\"quoted\""]
        let refused = try await user.run(quoted + installer)
        #expect(refused.status == 1)
        #expect(refused.errors.contains("quotes or backslashes"))
    }

    @Test func `installed for everybody, each user switches it on, and it goes again`() async throws {
        let manager = try await UserManager.running()
        let user = try await manager.newUser()
        let installer = "\(Programs.repository)/systemd/install"
        let before = try await files(below: "/usr/local", manager)
        let installed = try await manager.asRoot(installer, "--prefix", "/usr/local", "--built", Programs.folder)
        #expect(installed.status == 0, "\(installed.errors)")
        try await user.systemctl("daemon-reload")
        try await user.systemctl("preset", "jetond.socket")
        #expect(try await user.systemctl("is-enabled", "jetond.socket") == "enabled")
        try await user.systemctl("start", "jetond.socket")
        #expect(try await user.run(["/usr/local/bin/jeton", "status"]).status == 0)
        #expect(try await user.run(["man", "--path", "jeton"]).status != 127)
        let removed = try await manager.asRoot(installer, "--prefix", "/usr/local", "--uninstall")
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(try await files(below: "/usr/local", manager) == before)
    }

    @Test(.timeLimit(.minutes(5)))
    func `for a package everything lies below one folder, which need not be there, and nothing is switched on`()
        async throws
    {
        let scratch = try ScratchFolder()
        let folder = scratch.file("not/yet/there")
        let laid = try await lay(below: folder, "--prefix", "/usr")
        #expect(laid.status == 0, "\(laid.errors)")
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        for name in [
            "usr/bin/jeton", "usr/bin/jetond", "usr/lib/systemd/user/jetond.service",
            "usr/lib/systemd/user/jeton-prompt.socket", "usr/libexec/jeton/jeton-prompt", "usr/share/man/man1/jeton.1",
            "usr/lib/systemd/user/jeton-desktop.socket", "usr/lib/systemd/user/jeton-desktop@.service",
            "usr/libexec/jeton/jeton-desktop", "usr/share/man/man8/jeton-desktop.8",
            "usr/lib/systemd/user/jeton-keyring.socket", "usr/lib/systemd/user/jeton-keyring@.service",
            "usr/libexec/jeton/jeton-keyring", "usr/share/man/man8/jeton-keyring.8",
            "usr/share/man/man8/jetond.8", "usr/share/man/man8/jeton-prompt.8",
            "usr/share/man/man5/jeton-config.5", "usr/share/man/man7/jeton-rpc.7",
            "usr/bin/jeton-browser", "usr/share/man/man1/jeton-browser.1", "usr/libexec/jeton/jeton-session",
            "usr/libexec/jeton/opener/xdg-open",
            "usr/share/bash-completion/completions/jeton", "usr/share/fish/vendor_completions.d/jeton.fish",
            "usr/lib/systemd/user-preset/80-jeton.preset", "usr/share/doc/jeton/config.json5",
        ] { #expect(names.contains(name)) }
        let unit = try String(contentsOfFile: "\(folder)/usr/lib/systemd/user/jetond.service", encoding: .utf8)
        #expect(unit.contains("\nExecStart=\"/usr/bin/jetond\"\n"))
        #expect(!unit.contains(/@[A-Z]+@/), "a placeholder is left")
        #expect(names.allSatisfy { !$0.hasPrefix("usr/share/jeton") })
    }

    @Test(.timeLimit(.minutes(5)), arguments: [true, false])
    func `settings that are a link stay one, wherever it leads`(isDangling: Bool) async throws {
        let scratch = try ScratchFolder()
        let folder = scratch.file("home/me/.config/jeton")
        let elsewhere = scratch.file("mine.json5")
        if !isDangling { _ = try scratch.write("{}", to: "mine.json5") }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let link = "\(folder)/config.json5"
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: elsewhere)
        let laid = try await lay(below: scratch.path)
        #expect(laid.status == 0, "\(laid.errors)")
        #expect(laid.output.contains("Kept \(link)\n"))
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == elsewhere)
        #expect(FileManager.default.fileExists(atPath: elsewhere) == !isDangling)
    }

    /// Lays all files below a folder, for somebody whose home is /home/me.
    private func lay(below folder: String, _ arguments: String...) async throws -> Ended {
        try await run(
            "\(Programs.repository)/systemd/install",
            ["--destdir", folder, "--built", Programs.folder] + arguments,
            environment: ["HOME": "/home/me"]
        )
    }

    private func files(of user: LoggedInUser) async throws -> Set<String> {
        try await files(below: user.home, user.manager)
    }

    private func files(below folder: String, _ manager: UserManager) async throws -> Set<String> {
        Set(try await manager.asRoot("find", folder).output.split(separator: "\n").map { String($0) })
    }

    /// systemd before 254 has it below ~/.config.
    private func state(of user: LoggedInUser) async throws -> String {
        let older = "\(user.home)/.config/jeton-state"
        return try await files(of: user).contains(older) ? older : "\(user.home)/.local/state/jeton-state"
    }
}
