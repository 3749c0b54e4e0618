internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract: "Tells how the agent's sessions lie on the disk, and encrypts or decrypts them.",
        discussion: """
            The key comes from outside, by systemd: from your keyring with `systemctl --user enable --now \
            jeton-keyring.socket`, or from a file or a TPM. It helps against a stolen disk or backup, not against your \
            own programs.
            """,
        subcommands: [Status.self, Encrypt.self, Decrypt.self, Rekey.self],
        defaultSubcommand: Status.self
    )

    struct Status: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "status",
            abstract: "Tells whether sessions are encrypted on the disk, and whether there is a key for that."
        )

        @OptionGroup var shared: SharedOptions

        func run() throws {
            let status = try shared.connect().call(GetStoreStatus())
            guard !shared.json else { return Output.say(json: status) }
            let form = status.storage == .encrypted ? "encrypted" : "plain files that only you can read"
            Output.say("On the disk: \(form)")
            Output.say("Setting:     storage: \"\(status.setting.rawValue)\"")
            let key =
                switch status.storeKey {
                case .available: "there"
                case .missing: "nobody provides one"
                case .unavailable: status.detail ?? "not to be had"
                }
            Output.say("Key:         \(key)")
        }
    }

    struct Encrypt: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "encrypt",
            abstract: "Encrypts the sessions on the disk.",
            discussion: """
                What lay there before was replaced and not wiped: a disk keeps old blocks for a while, and so do \
                backups. Where that matters, sign out and in again (`jeton logout`, `jeton login`).
                """
        )

        @OptionGroup var shared: SharedOptions

        func run() throws {
            let status = try shared.connect().call(EncryptStore())
            guard !shared.json else { return Output.say(json: status) }
            Output.say("Sessions are encrypted on the disk.")
        }
    }

    struct Decrypt: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "decrypt",
            abstract: "Lets the sessions lie in plain files again, which only you can read; they stay so."
        )

        @OptionGroup var shared: SharedOptions

        func run() throws {
            let status = try shared.connect().call(DecryptStore())
            guard !shared.json else { return Output.say(json: status) }
            Output.say("Sessions lie in plain files, until `jeton store encrypt`.")
        }
    }

    struct Rekey: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rekey",
            abstract: "Encrypts the sessions anew, under a new random key; the key from outside stays as it is."
        )

        @OptionGroup var shared: SharedOptions

        func run() throws {
            let status = try shared.connect().call(RekeyStore())
            guard !shared.json else { return Output.say(json: status) }
            Output.say("Sessions are encrypted under a new key.")
        }
    }
}
