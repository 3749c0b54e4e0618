internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct RevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Signs a device out, whoever has it.",
        discussion: """
            The homeserver asks for your password again, or sends you to your browser. The agent's own session is ended
            by `jeton logout`.
            """
    )

    @Argument(help: "The device, as `jeton devices` lists it.")
    var device: String

    @Flag(help: "Read the password from standard input, where the homeserver wants one.")
    var passwordStdin = false

    @Flag(help: "Print addresses, instead of opening a browser.")
    var noBrowser = false

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let agent = try shared.connect()
        let account = try account.resolve(by: agent)
        var stages = StageAnswers(
            account: account,
            readsPassword: passwordStdin,
            opensBrowser: !noBrowser,
            undone: "the device is still signed in"
        )
        let result = try Self.signOut(device, of: account, agent, &stages)
        guard !shared.json else { return Output.say(json: result) }
        Output.say("\(device) is signed out.")
    }

    private static func signOut(
        _ device: String,
        of account: String,
        _ agent: RPCClient,
        _ stages: inout StageAnswers
    ) throws -> Nothing {
        var request = SignOutDevice(account: account, deviceId: device)
        while true {
            do {
                return try agent.call(request)
            } catch {
                guard case .refused(let refusal) = error, refusal.kind == .authRequired else { throw error }
                request.auth = try stages.answer(refusal)
            }
        }
    }
}
