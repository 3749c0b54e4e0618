internal import Activation
internal import ArgumentParser
internal import Glibc
internal import JetonAPI
internal import Systemd

/// Hands the agent its key out of the user's keyring, as the provider of a credential (systemd.exec(5),
/// `LoadCredential=` from a socket).
@main
struct JetonKeyring: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jeton-keyring",
        abstract: "Gives the agent the key of its encrypted state, out of your keyring.",
        discussion: """
            systemd starts it when it starts the agent: `systemctl --user enable --now jeton-keyring.socket`. Standard \
            input is the connection: the key goes out, or error: and a word that says why there is none. The key is \
            made at the first time.
            """,
        version: "jeton-keyring \(releaseVersion)"
    )

    /// An answer that comes later comes too late: systemd waits for it before it starts the agent.
    private static let patience = Duration.milliseconds(3500)

    func run() throws {
        Protection.begin(in: "jeton-keyring")
        // systemd reads from it up to its end, in the agent's unit.
        let connection = AgentConnection(STDIN_FILENO, of: "jeton-keyring", to: "get the key")
        do throws(NoKey) {
            try Self.requireAgent(connection)
            connection.write(bytes: try Self.key())
        } catch {
            StandardError.write("jeton-keyring: \(error.reason)\n")
            connection.write(bytes: "error:\(error.word)".utf8)
            throw ExitCode.failure
        }
    }

    /// Whoever may use the session bus may ask the keyring itself; but nobody is to get the key by mistake.
    private static func requireAgent(_ connection: AgentConnection) throws(NoKey) {
        do throws(Refusal) {
            try connection.requireAgent()
        } catch {
            throw NoKey("forbidden", error.reason)
        }
    }

    private static func key() throws(NoKey) -> [UInt8] {
        let result = Deadline.meet(within: patience) { () -> Result<[UInt8], SecretService.Problem> in
            Result { () throws(SecretService.Problem) in try StoreKeyItem.find(in: SecretService()) }
        }
        switch result {
        case .success(let key): return key
        case .failure(let problem): throw NoKey(problem)
        case nil: throw NoKey("timeout", "the keyring did not answer within \(patience.milliseconds) ms")
        }
    }
}

/// Why there is no key: a word for the agent, a sentence for the journal.
struct NoKey: Error {
    let word: String
    let reason: String

    init(_ word: String, _ reason: String) {
        self.word = word
        self.reason = reason
    }

    init(_ problem: SecretService.Problem) {
        switch problem {
        case .withoutDefault: self.init("no-default", "there is no default keyring to put the key into")
        case .absent(let detail): self.init("absent", "there is no keyring on the session bus (\(detail))")
        case .locked(let detail): self.init("locked", "the keyring is locked (\(detail)); unlock it")
        case .failed(let detail): self.init("failed", "the keyring answers in an unexpected way (\(detail))")
        }
    }
}
