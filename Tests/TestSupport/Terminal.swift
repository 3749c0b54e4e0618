import Foundation

/// Runs `jeton` on a terminal of its own, and answers its questions as a person would.
/// - Parameters:
///   - arguments: of `jeton`.
///   - dialogue: what is waited for on the screen, and what is typed then.
///   - environment: besides PATH.
///   - size: of the terminal, as in 24x80.
/// - Returns: how it ended; `output` is all that stood on the screen.
/// - Throws: where a question never came.
public func onTerminal(
    _ arguments: [String],
    dialogue: [(prompt: String, answer: String)],
    environment: [String: String] = [:],
    size: String? = nil
) async throws -> Ended {
    let script = try ScratchFolder()
    let steps = dialogue.map { ["prompt": $0.prompt, "answer": $0.answer] }
    let plan = try JSONSerialization.data(withJSONObject: steps)
    let file = try script.write(String(decoding: plan, as: UTF8.self), to: "plan.json")
    let program = "\(Programs.repository)/Tests/TestSupport/on-terminal"
    var environment = environment
    environment["TERMINAL_SIZE"] = size
    return try await run(program, [file, Programs.path("jeton")] + arguments, environment: environment)
}
