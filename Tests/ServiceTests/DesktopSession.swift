import Foundation
import TestSupport
import Testing

/// A desktop as far as notifications go: an X server without a screen, dunst, and a log of what is sent to it.
struct DesktopSession {
    let user: LoggedInUser

    private static let programs = ["/usr/bin/Xvfb", "/usr/bin/dunst", "/usr/bin/dunstctl"]

    static var isInstalled: Bool { programs.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) } }

    private var log: String { "\(user.home)/notifications" }

    func start() async throws {
        try await startDisplay()
        try await run("test-dunst.service", output: "\(user.home)/dunst", "/usr/bin/dunst")
        try await eventually("dunst is there") { try await shown() != nil }
        try await listen()
    }

    /// An X server, and nothing on it.
    func startDisplay() async throws {
        try await user.manager.asRoot("install", "--directory", "--mode=1777", "/tmp/.X11-unix")
        try await run("test-x.service", output: "\(user.home)/display", "/usr/bin/Xvfb", "-displayfd", "1")
        var display = ""
        try await eventually("there is a display") {
            display = try await user.run(["cat", "\(user.home)/display"]).output.trimmingCharacters(in: .newlines)
            return !display.isEmpty
        }
        try await user.systemctl("set-environment", "DISPLAY=:\(display)")
    }

    /// Writes down whatever is said about notifications on the bus.
    func listen() async throws {
        let rules = ["--match", "interface='org.freedesktop.Notifications'"]
        let monitor = ["busctl", "--user", "--json=short", "monitor"] + rules
        try await run("test-monitor.service", output: log, monitor)
        try await eventually("it listens") {
            let said = try await user.run(["journalctl", "--user", "--unit=test-monitor.service"]).output
            return said.contains("Monitoring bus")
        }
    }

    private func run(_ unit: String, output: String, _ command: String...) async throws {
        try await run(unit, output: output, command)
    }

    private func run(_ unit: String, output: String, _ command: [String]) async throws {
        let options = [
            "--quiet", "--collect", "--unit=\(unit)", "--property=StandardError=journal",
            "--property=StandardOutput=append:\(output)",
        ]
        let ended = try await user.run(["systemd-run", "--user"] + options + command)
        guard ended.status == 0 else { throw Unexpected("\(command[0]): \(ended.errors)") }
    }

    /// How many stand there now; nil where nobody shows any.
    func shown() async throws -> Int? {
        let ended = try await user.run(["dunstctl", "count", "displayed"])
        return ended.status == 0 ? Int(ended.output.trimmingCharacters(in: .newlines)) : nil
    }

    /// Presses the button of the newest, which must have just one.
    func press() async throws { try await user.say("dunstctl", "action", "0") }

    func close() async throws { try await user.say("dunstctl", "close-all") }

    /// What was shown, oldest first: summary and body, a line of the body each.
    func notifications() async throws -> [[String]] {
        try await messages("Notify").compactMap { arguments in
            guard arguments.count == 8, let summary = arguments[3] as? String, let body = arguments[4] as? String
            else { return nil }
            return [summary] + body.split(separator: "\n").map(String.init)
        }
    }

    private func messages(_ member: String) async throws -> [[Any]] {
        try await user.run(["cat", log]).output.split(separator: "\n").compactMap { line in
            let message = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            guard message?["member"] as? String == member, message?["type"] as? String == "method_call",
                let payload = message?["payload"] as? [String: Any]
            else { return nil }
            return payload["data"] as? [Any]
        }
    }
}

extension Trait where Self == ConditionTrait {
    static var needsDesktop: Self {
        .enabled(if: DesktopSession.isInstalled, "SKIPPED: dunst and xvfb are not installed")
    }
}
