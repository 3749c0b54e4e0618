internal import Agent
internal import ArgumentParser
internal import Glibc
internal import JetonAPI
internal import Logging
internal import RPCServer
internal import Systemd
internal import TaskPlacement
internal import Vault

@main
struct Jetond: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jetond",
        abstract: "Holds Matrix sessions and mints single-use login tokens for local programs.",
        discussion: """
            Usually systemd starts it: `systemctl --user enable --now jetond.socket`. Without systemd, run it as it \
            is. Speak to it with `jeton`.
            """,
        version: "jetond \(releaseVersion)"
    )

    @Option(help: "Where to listen, if systemd passes no socket (default: $XDG_RUNTIME_DIR/jeton/agent.sock).")
    var socket: String?

    @Option(help: "Where jeton-prompt listens (default: $XDG_RUNTIME_DIR/jeton/prompt.sock).")
    var promptSocket: String?

    @Option(help: "Where jeton-desktop listens (default: $XDG_RUNTIME_DIR/jeton/desktop.sock).")
    var desktopSocket: String?

    @Option(help: "The folder of the sessions (default: $STATE_DIRECTORY, else ~/.local/state/jeton-state).")
    var state: String?

    @Option(help: "The folder of config.json5 (default: $CONFIGURATION_DIRECTORY, else ~/.config/jeton).")
    var config: String?

    @Option(help: "The least severe entries to log.")
    var logLevel: LogLevel = .info

    @Flag(help: "Only read the configuration, and say what is wrong with it.")
    var checkConfig = false

    @Option(help: "Check the configuration; if nothing is wrong, let the agent with this process id read it anew.")
    var reload: Int32?

    static func main() async {
        GlobalExecutor.moveToEventLoop()
        await main(nil)
    }

    func run() async throws {
        var sockets: PassedSockets?
        do {
            if checkConfig || reload != nil { return try check() }
            // Before anything may start a thread: it changes the environment.
            let passed = try PassedSockets.take(known: ServedSockets.names)
            sockets = passed
            LoggingSystem.bootstrap { [level = logLevel.level] _ in DaemonLogHandler(identifier: "jetond", level: level)
            }
            try await Daemon(options: self, sockets: passed).run()
        } catch {
            sockets?.turnAwayWaiting()
            StandardError.write("jetond: \(error)\n")
            throw Self.isForTheUser(error) ? Self.misconfigured : ExitCode.failure
        }
    }

    private func check() throws {
        _ = try ConfigurationCheck.read(Folders.configuration(config))
        if let reload { try ConfigurationCheck.signal(reload) }
    }

    /// What a restart would not mend (sysexits.h, EX_CONFIG): the service manager does not try.
    private static let misconfigured = ExitCode(78)

    private static func isForTheUser(_ error: any Error) -> Bool {
        switch error {
        case is StartProblem, is ConfigurationProblem, is StorageProblem, is PassedSockets.Problem,
            is ListeningSocket.Problem, is SocketPath.Unknown, is Folders.Unknown:
            true
        default: false
        }
    }
}

/// The levels of logging, as an option.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
    case trace, debug, info, notice, warning, error, critical

    var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
