internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct AccountsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts",
        abstract: "Lists the accounts that the agent is signed in to, and looks after them.",
        subcommands: [List.self, Default.self, Refresh.self],
        defaultSubcommand: List.self
    )

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Lists the accounts, and says why one is not active."
        )

        @OptionGroup var shared: SharedOptions

        func run() throws {
            let result = try shared.connect().call(ListAccounts())
            guard !shared.json else { return Output.say(json: result) }
            guard !result.accounts.isEmpty else {
                return Output.complain("No account is signed in. Begin with: jeton login @you:example.org")
            }
            Output.table(
                ["ACCOUNT", "STATE", "DEFAULT", "LOGIN TOKENS", "DEVICE", "HOMESERVER"],
                result.accounts.map { account in
                    [
                        PlainText.word(account.userId), account.state.rawValue, account.isDefault ? "yes" : "",
                        account.loginTokens.reason?.rawValue ?? "not known yet", PlainText.word(account.deviceId),
                        account.homeserver,
                    ]
                }
            )
            for account in result.accounts {
                if let cause = account.cause {
                    Output.say("\(PlainText.word(account.userId)): \(Output.plain(cause.detail))")
                }
            }
        }
    }

    struct Default: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "default",
            abstract: "Chooses the account that is meant where none is named."
        )

        @Argument(help: "The account, as a full user id.")
        var userId: String

        @OptionGroup var shared: SharedOptions

        func run() throws {
            let result = try shared.connect().call(SetDefaultAccount(account: userId))
            guard !shared.json else { return Output.say(json: result) }
            Output.say("\(userId) is the default account.")
        }
    }

    struct Refresh: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "refresh",
            abstract: "Renews a session now, to see that it works; the agent does so by itself in time."
        )

        @OptionGroup var account: AccountOption
        @OptionGroup var shared: SharedOptions

        func run() throws {
            let result = try shared.connect().call(RefreshAccount(account: account.account))
            guard !shared.json else { return Output.say(json: result) }
            let end = result.account.accessTokenExpiresAt.map { "; it is renewed again before \($0)" } ?? ""
            Output.say("The session of \(PlainText.word(result.account.userId)) was renewed\(end).")
        }
    }
}
