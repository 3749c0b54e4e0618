import Foundation
public import JetonAPI
import RPCClient
import Testing

/// A real `jetond` in a folder of its own. Whatever it did, it must not have left a secret behind: that is looked at
/// each time it ends.
public final class AgentUnderTest: @unchecked Sendable {
    public let folder: ScratchFolder
    public var socket: String { folder.file("run/agent.sock") }
    public var state: String { folder.file("state") }
    public var log: String { folder.file("log") }

    private let extra: [String]
    /// A program and its first arguments, which runs the agent; none: nobody stands between.
    public var runner: [String] = []
    private let environment: [String: String]
    private var process: RunningProgram?
    private var hasEnded = true
    /// What must live as long as the agent: a homeserver in this process ends with its last owner.
    public var companion: (any TestHomeserver)?

    /// - Parameters:
    ///   - configuration: the text of config.json5.
    ///   - arguments: further options of jetond.
    ///   - environment: besides PATH and HOME.
    /// - Throws: where the folder cannot be made.
    public init(
        configuration: String? = nil,
        arguments: [String] = [],
        environment: [String: String] = [:]
    ) throws {
        folder = try ScratchFolder()
        extra = arguments
        self.environment = environment
        if let configuration { try folder.write(configuration, to: "config/config.json5") }
    }

    deinit { if !hasEnded { process?.send(SIGKILL) } }

    public var pid: Int32 { process?.pid ?? 0 }

    /// Starts it, and waits until it answers.
    @discardableResult
    public func start() async throws -> AgentUnderTest {
        try await launch()
        // It ends early only in a test that fails; then the deadline is what ends the wait.
        let ended = try await run("jeton", ["wait", "--timeout", "60", "--socket", socket])
        guard ended.status == 0 else { throw Dead(log: logText) }
        return self
    }

    /// Starts it, and does not wait.
    public func launch() async throws {
        if !FileManager.default.fileExists(atPath: log) { try folder.write("", to: "log") }
        let command =
            runner + [
                Programs.path("jetond"), "--socket", socket, "--state", state, "--config", folder.file("config"),
                "--log-level", "debug",
            ] + extra
        process = try await RunningProgram(
            command[0],
            Array(command.dropFirst()),
            // No bus: the screen of whoever runs the tests is nothing to them.
            environment: ["HOME": folder.path, "DBUS_SYSTEM_BUS_ADDRESS": ""].merging(environment) { $1 },
            log: log
        )
        hasEnded = false
    }

    /// The end of a start that is meant to fail: its exit status and what it said.
    public func failToStart() async throws -> Ended {
        try await launch()
        // One that starts all the same would not end.
        let patience = Task { [process] in
            try await Task.sleep(for: .seconds(90))
            process?.send(SIGKILL)
        }
        defer { patience.cancel() }
        let status = try await ended()
        return Ended(status: status, output: "", errors: logText)
    }

    public func send(_ signal: Int32) { process?.send(signal) }

    /// Waits for its end.
    public func ended() async throws -> Int32 {
        let status = try await process?.ended() ?? 0
        hasEnded = true
        lookForSecretsOnTheDisk()
        return status
    }

    /// As systemd stops it; then nothing may be left behind that is secret.
    public func stop() async throws {
        lookForSecretsOfTheProcess()
        send(SIGTERM)
        #expect(try await ended() == 0)
    }

    /// As power failures stop it.
    public func killNine() async throws {
        lookForSecretsOfTheProcess()
        send(SIGKILL)
        _ = try await ended()
    }

    public var logText: String { (try? String(contentsOfFile: log, encoding: .utf8)) ?? "" }

    /// Calls a method as a program would.
    public func call<M: Method>(_ params: M) async throws -> M.Result {
        let socket = socket
        return try await onThread { try RPCClient(path: socket).call(params) }
    }

    /// Calls a method that must fail, and tells how.
    public func refusal(of params: some Method) async throws -> AgentError {
        do {
            let result = try await call(params)
            throw Unexpected("a result where an error was due: \(result)")
        } catch RPCClient.Problem.refused(let error) {
            return error
        }
    }

    /// Runs `jeton` against it.
    public func jeton(_ arguments: String..., input: String = "") async throws -> Ended {
        try await run("jeton", arguments, environment: ["JETON_SOCKET": socket, "HOME": folder.path], input: input)
    }

    private func lookForSecretsOfTheProcess() {
        for name in ["cmdline", "environ"] {
            let text = (try? String(contentsOfFile: "/proc/\(pid)/\(name)", encoding: .utf8)) ?? ""
            #expect(Canary.secrets(in: text).isEmpty, "a secret in \(name)")
        }
    }

    private func lookForSecretsOnTheDisk() {
        for (file, secrets) in Canary.leaks(below: folder.path) { Issue.record("secrets in \(file): \(secrets)") }
    }
}

/// The agent ended where it should have served.
public struct Dead: Error, CustomStringConvertible {
    let log: String
    public var description: String { "jetond has ended; it said:\n\(log)" }
}

/// Something that must not have happened.
public struct Unexpected: Error, CustomStringConvertible {
    public let description: String
    public init(_ description: String) { self.description = description }
}
