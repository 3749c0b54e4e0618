internal import Activation
internal import ArgumentParser
internal import Glibc
internal import JetonAPI
internal import Systemd

/// Does one thing on the user's desktop, for the agent.
@main
struct JetonDesktop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jeton-desktop",
        abstract: "Shows the agent's notifications on your desktop, and opens addresses for it.",
        discussion: """
            systemd starts one for each: `systemctl --user enable --now jeton-desktop.socket`. Standard input is the \
            connection: a line of JSON with the task comes in, a line with what came of it goes out.
            """,
        version: "jeton-desktop \(releaseVersion)"
    )

    func run() throws {
        Protection.begin(in: "jeton-desktop")
        let connection = AgentConnection(STDIN_FILENO, of: "jeton-desktop", to: "use the desktop")
        do throws(Refusal) {
            try connection.requireAgent()
            switch try connection.read(DesktopTask.self, maximumBytes: DesktopTask.maximumBytes) {
            case .tell(let event): SignInNotice(event).show { connection.write($0) }
            case .find(let scheme): connection.write(Opening(scheme: scheme).find())
            case .open(let scheme, let address, let application):
                connection.write(Opening(scheme: scheme).open(address, by: application))
            }
        } catch {
            StandardError.write("jeton-desktop: \(error.reason)\n")
            connection.write(DesktopAnswer.failed(reason: error.reason))
            throw ExitCode.failure
        }
    }
}
