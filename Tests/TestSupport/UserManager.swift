import Foundation
import Synchronization

/// A real systemd with user managers, journal, D-Bus and logind, booted at first use (Tests/user-manager); it ends with
/// this process. Whatever is installed or written in there is gone then.
public final class UserManager: Sendable {
    /// Where it cannot work, `Tests/run` says loudly that its tests are skipped.
    public static var isAvailable: Bool { ProcessInfo.processInfo.environment["JETON_TEST_USER_MANAGER"] == "1" }

    private let folder: ScratchFolder
    private let counter = Mutex(0)

    private init(root: String? = nil, showing folders: [String]) async throws {
        folder = try ScratchFolder()
        let pid = ProcessInfo.processInfo.processIdentifier
        let shown = folders.flatMap { ["--show", $0] }
        let tree = root.map { ["--root", $0] } ?? []
        _ = try await script(["start", folder.file("bed"), "--until-exit-of", "\(pid)"] + shown + tree)
    }

    private static let started = Mutex<Task<UserManager, any Error>?>(nil)

    /// All tests of one run share it; each has users of its own.
    public static func running() async throws -> UserManager {
        let task = started.withLock { started in
            let task = started ?? Task { try await UserManager(showing: shown) }
            started = task
            return task
        }
        return try await task.value
    }

    /// What programs of the build need.
    private static var shown: [String] { [Programs.repository, Programs.folder, Programs.runtimeLibraries] }

    /// One that runs on another root file system, where these folders of the machine are seen as well.
    public static func own(root: String, showing folders: [String]) async throws -> UserManager {
        try await UserManager(root: root, showing: folders)
    }

    /// One for a test that would disturb others. It must be stopped.
    public static func own() async throws -> UserManager { try await UserManager(showing: shown) }

    /// Halts it.
    public func stop() async throws { _ = try await script(["stop", folder.file("bed")]) }

    /// A new user, logged in, with a user manager.
    public func newUser() async throws -> LoggedInUser {
        let number = counter.withLock { counter in
            counter += 1
            return counter
        }
        // Counted, because programs that choose the next free number at the same time choose the same.
        let (name, uid) = ("user\(number)", 5000 + number)
        _ = try await script(["user", folder.file("bed"), name, "\(uid)"])
        return LoggedInUser(name: name, uid: uid, manager: self)
    }

    /// Runs a command in there as root.
    @discardableResult
    public func asRoot(_ command: String..., input: String = "") async throws -> Ended {
        try await ended(["root", folder.file("bed")] + command, input: input)
    }

    fileprivate func beginDesktop(of name: String, _ unit: String) async throws {
        _ = try await script(["desktop", folder.file("bed"), name, unit])
    }

    fileprivate func run(as name: String, _ command: [String], input: String) async throws -> Ended {
        try await ended(["run", folder.file("bed"), name] + command, input: input)
    }

    fileprivate func shareFiles(of name: String) async throws {
        _ = try await script(["share", folder.file("bed"), name])
    }

    private func script(_ arguments: [String]) async throws -> String {
        let ended = try await ended(arguments)
        guard ended.status == 0 else { throw Unexpected("Tests/user-manager \(arguments[0]) failed: \(ended.errors)") }
        return ended.output
    }

    private func ended(_ arguments: [String], input: String = "") async throws -> Ended {
        try await TestSupport.run("\(Programs.repository)/Tests/user-manager", arguments, input: input)
    }
}

/// Somebody who is logged in there.
public struct LoggedInUser: Sendable {
    public let name: String
    public let uid: Int
    public let manager: UserManager

    public var home: String { "/home/\(name)" }
    public var runtimeFolder: String { "/run/user/\(uid)" }

    /// Runs a command as this user, in the log-in session.
    @discardableResult
    public func run(_ command: [String], input: String = "") async throws -> Ended {
        try await manager.run(as: name, command, input: input)
    }

    /// Runs a command that must succeed, and gives what it said without the last newline.
    @discardableResult
    public func say(_ command: String..., input: String = "") async throws -> String {
        let ended = try await run(command, input: input)
        guard ended.status == 0 else {
            throw Unexpected(
                "\(command.joined(separator: " ")): status \(ended.status), \(ended.output)\(ended.errors)"
            )
        }
        return ended.output.hasSuffix("\n") ? String(ended.output.dropLast()) : ended.output
    }

    /// Keeps large files that other users have as well only once: all homes lie in memory.
    public func shareFiles() async throws { try await manager.shareFiles(of: name) }

    /// The ids of this user's log-in sessions.
    public var sessions: Set<String> {
        get async throws {
            let list = try await manager.asRoot("loginctl", "list-sessions", "--no-legend").output
            let rows = list.split(separator: "\n").map { $0.split(separator: " ") }
            return Set(rows.filter { $0.count > 1 && $0[1] == "\(uid)" }.map { String($0[0]) })
        }
    }

    /// Begins a graphical session; stopping the unit ends it.
    /// - Returns: the id of the session.
    public func beginDesktop(unit: String) async throws -> String {
        let before = try await sessions
        try await manager.beginDesktop(of: name, unit)
        try await eventually("the session is there") { try await sessions != before }
        guard let session = try await sessions.subtracting(before).first else { throw Unexpected("no session") }
        return session
    }

    /// Speaks to this user's manager.
    @discardableResult
    public func systemctl(_ arguments: String...) async throws -> String {
        let ended = try await run(["systemctl", "--user", "--no-pager"] + arguments)
        guard ended.status == 0 else { throw Unexpected("systemctl \(arguments): \(ended.output)\(ended.errors)") }
        return ended.output.trimmingCharacters(in: .newlines)
    }

    /// Writes a file of this user's, and the folders above it.
    public func write(_ text: String, to path: String) async throws {
        try await say("sh", "-c", #"mkdir -p "$(dirname "$1")" && cat >"$1""#, "-", path, input: text)
    }
}

extension Programs {
    /// Where the toolchain's libraries lie, which programs of a debug build need.
    public static let runtimeLibraries: String = {
        let maps = (try? String(contentsOfFile: "/proc/self/maps", encoding: .utf8)) ?? ""
        let line = maps.split(separator: "\n").first { $0.hasSuffix("/libswiftCore.so") }
        let path = line?.split(separator: " ").last.map { String($0) } ?? "/usr/lib/libswiftCore.so"
        return (path as NSString).deletingLastPathComponent
    }()
}
