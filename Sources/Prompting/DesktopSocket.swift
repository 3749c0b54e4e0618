public import JetonAPI

/// The way to the user's desktop: each task is a connection of its own to the socket of jeton-desktop.
public struct DesktopSocket: Sendable {
    private let program: ActivatedProgram

    public init(_ program: ActivatedProgram) { self.program = program }

    /// - Parameters:
    ///   - task: what is to be done.
    ///   - limit: how long it may take.
    /// - Returns: what came of it; nothing is done twice.
    public func ask(_ task: DesktopTask, within limit: Duration) async -> DesktopAnswer {
        do throws(ActivatedProgram.NoAnswer) {
            return try await program.ask(
                task,
                for: DesktopAnswer.self,
                maximumBytes: DesktopAnswer.maximumBytes,
                within: limit
            )
        } catch {
            switch error {
            case .unreachable(let problem): return .failed(reason: problem)
            case .late: return .failed(reason: "jeton-desktop did not answer in time")
            case .none:
                return .failed(
                    reason: "jeton-desktop has ended without an answer; "
                        + "`journalctl --user --unit 'jeton-desktop@*'` may say why"
                )
            }
        }
    }
}
