internal import FoundationEssentials
internal import Subprocess
internal import SystemPackage

/// The real programs, which lie beside this one.
struct Programs {
    let socket: String
    private let folder: String
    private let bin: FilePath

    init(folder: String) throws {
        self.folder = folder
        socket = "\(folder)/agent.sock"
        bin = FilePath(try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            .removingLastComponent()
    }

    /// Starts the agent, does `work`, and stops the agent by the signal that systemd would send.
    func whileAgentRuns(_ work: () async throws -> Void) async throws {
        _ = try await run(
            .path(bin.appending("jetond")),
            arguments: [
                "--socket", socket, "--state", "\(folder)/state", "--config", "\(folder)/config",
                "--log-level", "warning",
            ],
            // No bus: whether the screen of whoever looks on is locked is nothing to the demonstration.
            environment: .inherit.updating(["DBUS_SYSTEM_BUS_ADDRESS": ""]),
            input: .none,
            output: .discarded,
            error: .currentStandardError
        ) { execution in
            do {
                try await work()
            } catch {
                await execution.teardown(using: Self.stop)
                throw error
            }
            await execution.teardown(using: Self.stop)
        }
    }

    private static let stop = [TeardownStep.gracefulShutDown(allowedDurationToNextStep: .seconds(10))]

    /// What `jeton` prints.
    @discardableResult
    func jeton(_ arguments: String...) async throws -> String {
        let result = try await call(arguments, input: .none)
        guard result.status == 0 else { throw Surprise("`jeton \(arguments[0])` failed: \(result.text)") }
        return result.text
    }

    /// What `jeton` prints, where it reads a password.
    func jeton(_ arguments: String..., input: String) async throws -> String {
        let result = try await call(arguments, input: .string(input + "\n"))
        guard result.status == 0 else { throw Surprise("`jeton \(arguments[0])` failed: \(result.text)") }
        return result.text
    }

    /// How `jeton` fails, where it should.
    func failure(_ arguments: String..., input: String) async throws -> (status: Int32, text: String) {
        try await call(arguments, input: .string(input + "\n"))
    }

    private func call(_ arguments: [String], input: some InputProtocol) async throws -> (status: Int32, text: String) {
        let result = try await run(
            .path(bin.appending("jeton")),
            arguments: Arguments(arguments + ["--socket", socket]),
            input: input,
            output: .string(limit: 64 * 1024),
            error: .string(limit: 64 * 1024)
        )
        guard case .exited(let status) = result.terminationStatus else {
            throw Surprise("`jeton \(arguments[0])` ended by a signal")
        }
        return (status, status == 0 ? result.standardOutput : result.standardError)
    }
}
