import Foundation

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
    public var status: Int32
    public var output: String
    public var errors: String
}

/// Runs a program of ours (or one by its full path) to its end.
/// - Parameters:
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
    let process = Process()
    process.executableURL = URL(fileURLWithPath: Programs.path(program))
    process.arguments = arguments
    let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
    process.environment = ["PATH": path].merging(environment) { $1 }
    let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
    process.standardInput = stdin
    process.standardOutput = stdout
    process.standardError = stderr
    return try await onThread {
        try process.run()
        try? stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try? stdin.fileHandleForWriting.close()
        // Both at once: a program that fills one pipe while we read the other would wait for ever.
        let errors = DispatchQueue(label: "stderr")
        nonisolated(unsafe) var complaints = Data()
        errors.async { unsafe complaints = stderr.fileHandleForReading.readDataToEndOfFile() }
        let output = stdout.fileHandleForReading.readDataToEndOfFile()
        errors.sync {}
        process.waitUntilExit()
        let status = process.terminationReason == .exit ? process.terminationStatus : 128 + process.terminationStatus
        return Ended(
            status: status,
            output: String(decoding: output, as: UTF8.self),
            errors: unsafe String(decoding: complaints, as: UTF8.self)
        )
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
    within limit: Duration = .seconds(20),
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
