internal import ArgumentParser
internal import Glibc
internal import JetonAPI

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Looks at everything that must be right, and says what to do about what is not.",
        discussion: """
            A line for each thing: ok, note (nothing is wrong, and you should know it) or problem, followed by a cure. \
            Exit status 1 says that there is a problem. It changes nothing, but it asks the agent, which systemd \
            starts for that, and through it the homeserver of each account; within a minute it is done, whatever does \
            not answer.
            """
    )

    @Option(help: "The agent's state folder, where jetond was given another one.", completion: .directory)
    var state: String?

    @Option(help: "The agent's configuration folder, where jetond was given another one.", completion: .directory)
    var config: String?

    @OptionGroup var shared: SharedOptions

    private struct Report: Encodable {
        var healthy: Bool
        var findings: [Finding]
    }

    func run() throws {
        let path: String
        do {
            path = try SocketPath.find(option: shared.socket)
        } catch {
            throw Failure(.failed, "\(error)")
        }
        var examination = Examination(socketPath: path, state: state, configuration: config)
        examination.run()
        let findings = examination.findings
        if shared.json {
            Output.say(json: Report(healthy: findings.isHealthy, findings: findings.all))
        } else {
            for line in findings.all.flatMap(\.lines) { Output.say(line) }
        }
        if !findings.isHealthy { Glibc.exit(ExitStatus.failed.rawValue) }
    }
}
