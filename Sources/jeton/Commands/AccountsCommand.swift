internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct AccountsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "accounts",
        abstract: "Lists the accounts that the agent is signed in to."
    )

    @OptionGroup var shared: SharedOptions

    func run() throws {
        let result = try shared.connect().call(ListAccounts())
        guard !shared.json else { return Output.say(json: result) }
        guard !result.accounts.isEmpty else {
            return Output.complain("No account is signed in. Begin with: jeton login @you:example.org")
        }
        Output.table(
            ["ACCOUNT", "STATE", "LOGIN TOKENS", "DEVICE", "HOMESERVER"],
            result.accounts.map { account in
                [
                    account.userId, account.state.rawValue, account.loginTokens.reason?.rawValue ?? "not known yet",
                    account.deviceId, account.homeserver,
                ]
            }
        )
    }
}
