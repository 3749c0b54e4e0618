import Foundation
import Subprocess
import SystemPackage

/// The programs under test, as the build made them, and how they ended.
public enum Programs {
    /// The folder of the test program is the folder of all programs.
    public static let folder: String = {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        return (own as NSString).deletingLastPathComponent
    }()

    /// The folder of the sources, for scripts and fixtures.
    public static let repository: String = {
        var path = #filePath as NSString
        for _ in 0..<3 { path = path.deletingLastPathComponent as NSString }
        return path as String
    }()

    public static func path(_ name: String) -> String { name.hasPrefix("/") ? name : "\(folder)/\(name)" }
}

/// A program that has run.
public struct Ended: Sendable {
    /// As a shell tells it: 128 and more for a signal.
    public var status: Int32
    public var output: String
    public var errors: String
}

/// Runs a program of ours (or one by its full path) to its end.
/// - Parameters:
///   - program: its name, or its full path.
///   - arguments: not the name.
///   - environment: the whole of it; nothing is inherited but PATH.
///   - input: what it reads on standard input.
/// - Returns: how it ended and what it said.
/// - Throws: where it cannot be started.
public func run(
    _ program: String,
    _ arguments: [String],
    environment: [String: String] = [:],
    input: String = ""
) async throws -> Ended {
    // A file, not a pipe: a program that ends before it has read a pipe makes swift-subprocess 1.0.2 stop the tests.
    let file = try ScratchFolder()
    let stdin = try FileDescriptor.open(FilePath(try file.write(input, to: "stdin")), .readOnly, options: .closeOnExec)
    defer { try? stdin.close() }
    let result = try await Subprocess.run(
        .path(FilePath(Programs.path(program))),
        arguments: Arguments(arguments),
        environment: Programs.environment(environment),
        input: .fileDescriptor(stdin, closeAfterSpawningProcess: false),
        output: .string(limit: 1024 * 1024),
        error: .string(limit: 1024 * 1024)
    )
    return Ended(
        status: result.terminationStatus.shellStatus,
        output: result.standardOutput,
        errors: result.standardError
    )
}

/// A program that runs in the background.
public struct RunningProgram: Sendable {
    public let pid: Int32
    private let ending: Task<Int32, any Error>

    /// Starts a program; what it says is appended to a file.
    /// - Parameters:
    ///   - program: its name, or its full path.
    ///   - arguments: not the name.
    ///   - environment: the whole of it; nothing is inherited but PATH.
    ///   - log: the file, which must be there.
    /// - Throws: where it cannot be started.
    public init(
        _ program: String,
        _ arguments: [String],
        environment: [String: String] = [:],
        log: String
    ) async throws {
        let file = try FileDescriptor.open(FilePath(log), .writeOnly, options: [.append, .closeOnExec])
        let (started, start) = AsyncStream.makeStream(of: Int32.self)
        ending = Task {
            defer {
                start.finish()
                try? file.close()
            }
            let result = try await Subprocess.run(
                .path(FilePath(Programs.path(program))),
                arguments: Arguments(arguments),
                environment: Programs.environment(environment),
                input: .none,
                output: .fileDescriptor(file, closeAfterSpawningProcess: false),
                error: .fileDescriptor(file, closeAfterSpawningProcess: false)
            ) { execution in
                start.yield(execution.processIdentifier.value)
            }
            return result.terminationStatus.shellStatus
        }
        guard let pid = await started.first(where: { _ in true }) else {
            _ = try await ending.value
            throw Unexpected("\(program) did not start")
        }
        self.pid = pid
    }

    public func send(_ signal: Int32) { kill(pid, signal) }

    /// Waits for its end, and tells it as a shell does.
    public func ended() async throws -> Int32 { try await ending.value }
}

extension TerminationStatus {
    fileprivate var shellStatus: Int32 {
        switch self {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}

extension Programs {
    fileprivate static func environment(_ own: [String: String]) -> Environment {
        let inherited = ProcessInfo.processInfo.environment
        var all: [Environment.Key: String] = ["PATH": inherited["PATH"] ?? "/usr/bin:/bin"]
        // Where the tests run with a sanitizer, the programs do as well.
        for name in ["TSAN_OPTIONS", "ASAN_OPTIONS"] { all[.init(stringLiteral: name)] = inherited[name] }
        for (name, value) in own { all[.init(stringLiteral: name)] = value }
        return .custom(all)
    }
}

/// Runs what blocks on a thread of its own: the few threads of Swift's pool serve the homeserver under test.
public func onThread<Value: Sendable>(_ work: @escaping @Sendable () throws -> Value) async throws -> Value {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}

/// Waits until something is so; that it never becomes so is an error after a deadline far beyond what it takes.
public func eventually(
    _ what: String,
    within limit: Duration = .seconds(60),
    _ isSo: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now.advanced(by: limit)
    while try await !isSo() {
        guard ContinuousClock.now < deadline else { throw Never(what: what) }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// What should have happened by now.
public struct Never: Error, CustomStringConvertible {
    public let what: String
    public var description: String { "it never happened: \(what)" }
}
