internal import ArgumentParser
internal import Glibc
internal import JetonAPI
internal import Privacy
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
        do {
            try ProcessPrivacy.begin()
            try ProcessPrivacy.forbidCores()
        } catch {
            StandardError.write("jeton-keyring: ignoring that a protection cannot be had: \(error)\n")
        }
        let connection = CredentialConnection(descriptor: STDIN_FILENO)
        do throws(Refusal) {
            try connection.requireAgent()
            connection.answer(try Self.key())
        } catch {
            StandardError.write("jeton-keyring: \(error.reason)\n")
            connection.answer(Array("error:\(error.word)".utf8))
            throw ExitCode.failure
        }
    }

    private static func key() throws(Refusal) -> [UInt8] {
        let result = Deadline.meet(within: patience) { () -> Result<[UInt8], SecretService.Problem> in
            Result { () throws(SecretService.Problem) in try StoreKeyItem.find(in: SecretService()) }
        }
        switch result {
        case .success(let key): return key
        case .failure(let problem): throw Refusal(problem)
        case nil: throw Refusal("timeout", "the keyring did not answer within \(patience.milliseconds) ms")
        }
    }
}

/// Why there is no key: a word for the agent, a sentence for the journal.
struct Refusal: Error {
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
