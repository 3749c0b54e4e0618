internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

/// What every subcommand takes.
struct SharedOptions: ParsableArguments {
    @Option(help: "The agent's socket (default: $JETON_SOCKET, else $XDG_RUNTIME_DIR/jeton/agent.sock).")
    var socket: String?

    @Flag(help: "Print JSON; errors too, on stderr.")
    var json = false

    func connect(patience: Duration? = nil) throws -> RPCClient {
        do {
            return try RPCClient(path: SocketPath.find(option: socket), patience: patience)
        } catch let unknown as SocketPath.Unknown {
            throw Failure(.agentUnreachable, unknown.description)
        }
    }
}

/// For subcommands that are about one account.
struct AccountOption: ParsableArguments {
    @Option(help: "The account, as a full user id; needed where the agent holds several and none is the default.")
    var account: String?
}
