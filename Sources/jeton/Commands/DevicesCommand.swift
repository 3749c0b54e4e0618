internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct DevicesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "devices",
        abstract: "Lists what is signed in to an account, as its homeserver has it.",
        discussion: """
            A device that is not yours is signed out by `jeton revoke DEVICE`. One that was signed in by a login token \
            is not verified for end-to-end encryption: verify it there, by another session of yours or by your \
            recovery key.
            """
    )

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let result = try shared.connect().call(ListDevices(account: account.account))
        guard !shared.json else { return Output.say(json: result) }
        Output.table(
            ["DEVICE", "NAME", "LAST SEEN", "FROM", ""],
            result.devices.map { device in
                [
                    PlainText.word(device.deviceId), device.displayName.map(PlainText.quoted) ?? "",
                    device.lastSeenAt?.description ?? "", device.lastSeenIp.map(PlainText.word) ?? "",
                    device.isCurrent ? "the agent" : "",
                ]
            }
        )
    }
}
