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

    /// The same for a socket that may be the restricted one: there the agent tells of no account, and knows which it is.
    func resolveIfTold(by agent: RPCClient) throws -> String? {
        do {
            return try resolve(by: agent)
        } catch RPCClient.Problem.refused(let refusal) where refusal.kind == .forbidden {
            return nil
        }
    }

    /// Which account it will be, for what must name it: an identifier for the password.
    func resolve(by agent: RPCClient) throws -> String {
        if let account { return account }
        let accounts = try agent.call(ListAccounts()).accounts
        if let chosen = accounts.first(where: \.isDefault) { return chosen.userId }
        guard !accounts.isEmpty else {
            throw Failure(.logInAgain, "no account is signed in; begin with: jeton login @you:example.org")
        }
        let names = accounts.map(\.userId).joined(separator: ", ")
        throw Failure(.usage, "there are several accounts; add --account with one of \(names)")
    }
}
