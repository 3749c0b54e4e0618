internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct LogoutCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "logout",
        abstract: "Ends the agent's session of an account, at the homeserver and here."
    )

    @Flag(help: "Forget the session here even if the homeserver cannot be told.")
    var localOnly = false

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let agent = try shared.connect()
        let result = try agent.call(LogOut(account: account.account, localOnly: localOnly ? true : nil))
        guard !shared.json else { return Output.say(json: result) }
        Output.say("Signed out.")
    }
}
