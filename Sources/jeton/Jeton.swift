internal import ArgumentParser
internal import JetonAPI
internal import Privacy
internal import Processes
internal import RPCClient

/// The command that people type.
struct Jeton: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jeton",
        abstract: "Signs other Matrix clients in by single-use login tokens, which the agent jetond mints.",
        discussion: """
            Begin with `jeton login @you:example.org`; then `jeton token` prints a login token for another client.

            Exit status: 0 ok, 1 failed, 2 agent unreachable, 3 locked, 4 denied, 5 rate-limited, 6 log in again, 7 \
            not supported by the homeserver, 8 no prompt available, 64 wrong usage, 124 timed out.
            """,
        version: "jeton \(releaseVersion)",
        subcommands: [
            LoginCommand.self, LogoutCommand.self, AccountsCommand.self, StatusCommand.self, TokenCommand.self,
            HandoverCommand.self, ExecCommand.self, SessionCommand.self,
            LimitsCommand.self, PendingCommand.self, ApproveCommand.self, DenyCommand.self,
            LockCommand.self, UnlockCommand.self,
            SupportCommand.self, WaitCommand.self, EventsCommand.self, AuditCommand.self,
            DoctorCommand.self, RPCCommand.self, TokensCommand.self, DevicesCommand.self, RevokeCommand.self,
            StoreCommand.self,
        ]
    )
}

@main
enum Program {
    static func main() {
        StandardDescriptors.takeClosed()
        // Passwords and tokens pass through here as well. Ignoring failures: there is none that the kernel knows of.
        try? ProcessPrivacy.begin()
        // What stands behind -- is another program's.
        let wantsJSON = CommandLine.arguments.prefix { $0 != "--" }.contains("--json")
        do {
            if let name = CommandLine.arguments.first, BrowserStandIn.isMeant(by: name) {
                return try BrowserStandIn.run(Array(CommandLine.arguments.dropFirst()))
            }
            if CommandLine.arguments.first == ClipboardKeeper.name {
                return ClipboardKeeper.run(Array(CommandLine.arguments.dropFirst()))
            }
            var command = try Jeton.parseAsRoot()
            try command.run()
        } catch let problem as RPCClient.Problem {
            Failure(problem).exit(asJSON: wantsJSON)
        } catch let failure as Failure {
            failure.exit(asJSON: wantsJSON)
        } catch {
            Jeton.exit(withError: error)
        }
    }
}
