import Foundation

/// A real `jeton-prompt` at a socket of its own, one for each connection as under systemd, and a pinentry: a scripted
/// one, or a real one.
public final class PromptUnderTest: Sendable {
    private let folder: ScratchFolder
    private let listener: RunningProgram
    public var socket: String { folder.file("prompt.sock") }

    /// - Parameters:
    ///   - plan: what the scripted pinentry does, see Tests/TestSupport/fake-pinentry.
    ///   - pinentry: another program than that.
    ///   - runner: a program and its first arguments, which runs all of it; none: nobody stands between.
    /// - Throws: where it cannot be started.
    public init(_ plan: String = "ok", pinentry: String? = nil, runner: [String] = []) async throws {
        folder = try ScratchFolder()
        let script = "\(Programs.repository)/Tests/TestSupport/fake-pinentry"
        try FileManager.default.copyItem(atPath: script, toPath: folder.file("fake-pinentry"))
        try folder.write(plan, to: "plan")
        try folder.write("", to: "log")
        // By a name of ours, so that it is recognised among all processes.
        if let pinentry {
            try FileManager.default.createSymbolicLink(
                atPath: folder.file("pinentry"),
                withDestinationPath: pinentry
            )
        }
        let program = folder.file(pinentry == nil ? "fake-pinentry" : "pinentry")
        try folder.write("{pinentry: '\(program)'}", to: "config/config.json5")
        let command =
            runner + [
                "/usr/bin/systemd-socket-activate", "--accept", "--inetd", "--listen=\(folder.file("prompt.sock"))",
                Programs.path("jeton-prompt"), "--config", folder.file("config"),
            ]
        listener = try await RunningProgram(
            command[0],
            Array(command.dropFirst()),
            log: try folder.write("", to: "listener.log")
        )
        let socket = folder.file("prompt.sock")
        try await eventually("the prompt listens") { isListening(at: socket) }
    }

    deinit { listener.send(SIGKILL) }

    /// What the pinentry has been told, a command a line.
    public var log: [String] { text("log").split(separator: "\n").map { String($0) } }

    /// How many questions were shown.
    public var questions: Int { log.count { $0 == "CONFIRM" || $0 == "GETPIN" } }

    /// The text of the last question.
    public var description: String {
        let line = log.last { $0.hasPrefix("SETDESC ") } ?? ""
        return String(line.dropFirst(8)).replacing("%0A", with: "\n").replacing("%25", with: "%")
    }

    public func plan(_ words: String) throws { try folder.write(words, to: "plan") }

    /// - Returns: the file in which the pinentry is named.
    public func allowOthersToConfigure() throws -> String {
        let file = folder.file("config/config.json5")
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: file)
        return file
    }

    /// Lets a pinentry go on that waits for this file.
    public func release(_ name: String) throws { try folder.write("", to: name) }

    /// Waits until nothing of any question runs any more.
    public func isQuiet() async throws {
        try await eventually("no process is left") { self.processes.isEmpty }
    }

    /// Sends a signal to the pinentry, as soon as one runs; nothing else is told of it.
    public func signal(_ signal: Int32) async throws {
        let program = folder.file("pinentry")
        var pid: Int32?
        try await eventually("a pinentry runs") {
            pid = self.running.first { $0.command.hasPrefix("\(program) ") }?.pid
            return pid != nil
        }
        if let pid { kill(pid, signal) }
    }

    /// The command lines of the prompts and pinentries that run.
    public var processes: [String] { running.map(\.command) }

    /// Their process ids.
    public var pids: [Int32] { running.map(\.pid) }

    private var running: [(pid: Int32, command: String)] {
        let all = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return all.compactMap { Int32($0) }.filter { $0 != listener.pid }.compactMap { pid in
            let line = (try? String(contentsOfFile: "/proc/\(pid)/cmdline", encoding: .utf8)) ?? ""
            // The agent knows the folder too.
            guard line.contains(folder.path), !line.contains("jetond") else { return nil }
            return (pid, line.replacing("\0", with: " "))
        }
    }

    private func text(_ name: String) -> String {
        (try? String(contentsOfFile: folder.file(name), encoding: .utf8)) ?? ""
    }
}
