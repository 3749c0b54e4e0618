import Foundation

/// A display of a test's own, without a screen: Xvfb for X11, sway for Wayland. It ends with the value that began it.
public final class TestDisplay: Sendable {
    public enum Kind: String, Sendable, CaseIterable { case x11, wayland }

    private let folder: ScratchFolder
    private let server: RunningProgram
    /// The variable by which programs find it.
    public let environment: [String: String]

    public static func isAvailable(_ kind: Kind) -> Bool {
        FileManager.default.isExecutableFile(atPath: kind == .x11 ? "/usr/bin/Xvfb" : "/usr/bin/sway")
    }

    public init(_ kind: Kind) async throws {
        folder = try ScratchFolder()
        let log = try folder.write("", to: "log")
        func said() throws -> String { try String(contentsOfFile: log, encoding: .utf8) }
        switch kind {
        case .x11:
            let screen = ["-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"]
            server = try await RunningProgram("/usr/bin/Xvfb", ["-displayfd", "1"] + screen, log: log)
            let number = {
                try said().split(separator: "\n", omittingEmptySubsequences: false).dropLast().first { Int($0) != nil }
            }
            try await eventually("Xvfb has a display") { try number() != nil }
            environment = ["DISPLAY": ":\(try number() ?? "")"]
        case .wayland:
            let run = folder.file("run")
            let files = FileManager.default
            try files.createDirectory(atPath: run, withIntermediateDirectories: false)
            // It does not run as root; whoever it runs as must get there.
            let isRoot = geteuid() == 0
            let nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"]
            let asNobody = isRoot ? ["/usr/bin/setpriv"] + nobody : []
            if isRoot {
                try files.setAttributes([.posixPermissions: 0o711], ofItemAtPath: folder.path)
                try files.setAttributes([.ownerAccountID: 65534, .groupOwnerAccountID: 65534], ofItemAtPath: run)
            }
            try files.setAttributes([.posixPermissions: 0o700], ofItemAtPath: run)
            let command = asNobody + ["/usr/bin/sway", "-c", "/dev/null"]
            server = try await RunningProgram(
                command[0],
                Array(command.dropFirst()),
                environment: [
                    "XDG_RUNTIME_DIR": run, "HOME": run, "WLR_BACKENDS": "headless", "WLR_LIBINPUT_NO_DEVICES": "1",
                    "WLR_RENDERER": "pixman",
                ],
                log: log
            )
            try await eventually("sway listens") { isListening(at: "\(run)/wayland-1") }
            environment = ["WAYLAND_DISPLAY": "wayland-1", "XDG_RUNTIME_DIR": run]
        }
    }

    deinit { server.send(SIGTERM) }
}
