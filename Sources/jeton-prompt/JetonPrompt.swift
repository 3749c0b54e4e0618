internal import Activation
internal import ArgumentParser
internal import Assuan
internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import Systemd

/// Asks the user one question, for the agent.
@main
struct JetonPrompt: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jeton-prompt",
        abstract: "Asks one question by a pinentry, and tells the agent what the user said.",
        discussion: """
            systemd starts one for each question: `systemctl --user enable --now jeton-prompt.socket`. Standard input \
            is the connection: a line of JSON with the question comes in, a line with the answer goes out.
            """,
        version: "jeton-prompt \(releaseVersion)"
    )

    @Option(help: "The folder of config.json5, where the pinentry is named (default: ~/.config/jeton).")
    var config: String?

    @Flag(help: "Ask nothing; only look whether the pinentry can be run, and say what is wrong with it.")
    var check = false

    func run() throws {
        Protection.begin(in: "jeton-prompt")
        guard !check else { return try lookAtPinentry() }
        // The question is here at once: there is nobody who would type it.
        let connection = AgentConnection(STDIN_FILENO, of: "jeton-prompt", to: "have the user asked")
        do {
            try connection.requireAgent()
            let question = try connection.read(PromptQuestion.self, maximumBytes: PromptQuestion.maximumBytes)
            let environment = ProcessInfo.processInfo.environment
            let program = try PinentryProgram.find(in: config, environment)
            // Withdrawn: there is nobody to answer to.
            guard let answer = Pinentry(program, environment: environment).ask(question, for: STDIN_FILENO) else {
                return
            }
            connection.write(answer)
        } catch let refusal as Refusal {
            StandardError.write("jeton-prompt: \(refusal.reason)\n")
            connection.write(PromptAnswer.unavailable(refusal.reason))
            throw ExitCode.failure
        }
    }

    /// That the configuration does not say which pinentry is meant (sysexits.h, EX_CONFIG): the pinentry may be fine.
    private static let misconfigured = ExitCode(78)

    private func lookAtPinentry() throws {
        let environment = ProcessInfo.processInfo.environment
        do {
            let program = try PinentryProgram.find(in: config, environment)
            let flavor = try Pinentry(program, environment: environment).check()
            print("\(program) (\(flavor))")
        } catch let refusal as Refusal {
            StandardError.write("jeton-prompt: \(refusal.reason)\n")
            throw Self.misconfigured
        } catch let unusable as Unusable {
            StandardError.write("jeton-prompt: \(unusable.reason)\n")
            throw ExitCode.failure
        }
    }
}
