import Foundation
import TestSupport
import Testing

/// A user's GNOME Keyring, as the log-in screen of a desktop starts and unlocks it.
struct Keyring {
    let user: LoggedInUser

    private static let program = "/usr/bin/gnome-keyring-daemon"
    private static let password = "canary-keyring"
    private static let unit = "test-keyring.service"
    private static let login = "/org/freedesktop/secrets/collection/login"

    static var isInstalled: Bool { FileManager.default.isExecutableFile(atPath: program) }

    /// Starts it with the password of the user's keyring, which is made at the first time.
    func start() async throws {
        try await user.write(Self.password, to: "\(user.home)/keyring-password")
        // The package's own, which whoever looks for a daemon to replace would start by its socket.
        let packaged = ["gnome-keyring-daemon.socket", "gnome-keyring-daemon.service"]
        try await user.say("systemctl", "--user", "--runtime", "--now", "mask", packaged[0], packaged[1])
        try await user.say(
            "systemd-run",
            "--user",
            "--quiet",
            "--collect",
            "--unit=\(Self.unit)",
            "--property=StandardInput=file:\(user.home)/keyring-password",
            Self.program,
            "--replace",
            "--foreground",
            "--unlock",
            "--components=secrets"
        )
        try await eventually("the keyring is there") { try await !isLocked() }
    }

    func stop() async throws { try await user.systemctl("stop", Self.unit) }

    func send(_ signal: String) async throws { try await user.systemctl("kill", "--signal", signal, Self.unit) }

    /// From now on nobody is the user's keyring, and nobody can be started who is.
    func abolish() async throws {
        let service = "[D-BUS Service]\nName=org.freedesktop.secrets\nExec=/bin/false\n"
        try await user.write(service, to: "\(user.home)/.local/share/dbus-1/services/org.freedesktop.secrets.service")
        try await call("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "ReloadConfig")
    }

    func lock() async throws {
        try await secrets(["org.freedesktop.Secret.Service", "Lock", "ao", "1", Self.login])
        #expect(try await isLocked())
    }

    /// Also where there is none. Looking starts none, as `get-property` would: the bus would start a locked one, and ours
    /// would find its name taken.
    func isLocked() async throws -> Bool {
        let ended = try await user.run(
            ["busctl", "--user", "--auto-start=no", "call", "org.freedesktop.secrets", Self.login]
                + ["org.freedesktop.DBus.Properties", "Get", "ss", "org.freedesktop.Secret.Collection", "Locked"]
        )
        return ended.output != "v b false\n"
    }

    /// The agent's keys in there.
    func keys() async throws -> [String] {
        let attributes = ["a{ss}", "1", "application", "jeton"]
        let found = try await secrets(["org.freedesktop.Secret.Service", "SearchItems"] + attributes)
        return found.split(separator: "\"").map(String.init).filter { $0.hasPrefix("/org") }
    }

    func removeKeys() async throws {
        for key in try await keys() {
            try await call("org.freedesktop.secrets", key, "org.freedesktop.Secret.Item", "Delete")
        }
    }

    @discardableResult
    private func secrets(_ arguments: [String]) async throws -> String {
        try await call(["org.freedesktop.secrets", "/org/freedesktop/secrets"] + arguments)
    }

    private func call(_ arguments: String...) async throws { try await call(arguments) }

    @discardableResult
    private func call(_ arguments: [String]) async throws -> String {
        let ended = try await user.run(["busctl", "--user", "call"] + arguments)
        guard ended.status == 0 else { throw Unexpected("busctl \(arguments): \(ended.errors)") }
        return ended.output
    }
}

extension Trait where Self == ConditionTrait {
    static var needsKeyring: Self {
        .enabled(if: Keyring.isInstalled, "SKIPPED: gnome-keyring is not installed")
    }
}
