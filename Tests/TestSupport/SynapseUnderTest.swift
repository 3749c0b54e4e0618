import Foundation
import Synchronization

/// A real Synapse, one for each setup, started at first use; it ends with this process.
public final class SynapseUnderTest: TestHomeserver {
    public let address: String
    private let folder: String

    private init(_ setup: Setup, folder: String) async throws {
        self.folder = folder
        let pid = ProcessInfo.processInfo.processIdentifier
        address = try await Self.script(
            ["start", folder, "--port", "0", "--until-exit-of", "\(pid)"] + setup.options
        )
    }

    private static let started = Mutex<[Setup: Task<SynapseUnderTest, any Error>]>([:])

    /// All tests of one run share it: each start takes seconds.
    public static func running(_ setup: Setup) async throws -> SynapseUnderTest {
        let task = started.withLock { started in
            let task = started[setup] ?? Task { try await SynapseUnderTest(setup, folder: scratch(setup)) }
            started[setup] = task
            return task
        }
        return try await task.value
    }

    /// One that a test has for itself, to hang or to stop it.
    public static func own(_ setup: Setup = .asking, in folder: ScratchFolder) async throws -> SynapseUnderTest {
        try await SynapseUnderTest(setup, folder: folder.file("synapse"))
    }

    private static let scratchRoot = try? ScratchFolder()

    private static func scratch(_ setup: Setup) -> String {
        (scratchRoot?.path ?? "/nonexistent") + "/\(setup)"
    }

    public func stop() async throws { _ = try await Self.script(["stop", folder]) }

    /// Takes connections and requests from now on, as the kernel does for it, and answers none.
    public func hang() throws { try signal(SIGSTOP) }

    public func goOn() throws { try signal(SIGCONT) }

    private func signal(_ number: Int32) throws {
        let text = try String(contentsOfFile: "\(folder)/homeserver.pid", encoding: .utf8)
        guard let pid = Int32(text.trimmingCharacters(in: .whitespacesAndNewlines)), kill(pid, number) == 0 else {
            throw Unexpected("Synapse does not run in \(folder)")
        }
    }

    public func newUser() async throws -> TestUser {
        let (name, password) = Self.makeUser()
        return TestUser(id: try await Self.script(["user", folder, name, password]), password: password)
    }

    /// Somebody who may do all things.
    public func newAdmin() async throws -> Admin {
        let (name, password) = Self.makeUser()
        let id = try await Self.script(["user", folder, name, password, "--admin"])
        return Admin(TestUser(id: id, password: password), at: address)
    }

    /// Somebody who has no password, and an account only once they have signed in by their browser.
    public func newVisitor() -> TestUser { TestUser(id: "@\(Self.makeUser().name):localhost", password: "") }

    public func mintRequests(of user: TestUser) async throws -> Int { try requests("/login/get_token", of: user) }

    public func looks(at user: TestUser) async throws -> Int { try requests("/v3/devices ", of: user) }

    /// Synapse's log has a line for each request, with the user.
    private func requests(_ path: String, of user: TestUser) throws -> Int {
        let log = try String(contentsOfFile: "\(folder)/homeserver.log", encoding: .utf8)
        return log.split(separator: "\n").count { line in
            ["Processed request", path, user.id].allSatisfy { line.contains($0) }
        }
    }

    private static func script(_ arguments: [String]) async throws -> String {
        var environment = ProcessInfo.processInfo.environment
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        let ended = try await run("\(Programs.repository)/Tests/homeserver", arguments, environment: environment)
        guard ended.status == 0 else { throw Unexpected("Tests/homeserver \(arguments[0]) failed: \(ended.errors)") }
        return ended.output.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
