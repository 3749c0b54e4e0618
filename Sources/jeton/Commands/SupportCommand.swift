internal import ArgumentParser
internal import Glibc
internal import JetonAPI
internal import RPCClient

struct SupportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "support",
        abstract: "Tells whether a homeserver mints login tokens; exit status 7 says no.",
        discussion: "Nothing is minted, and no account is needed where a homeserver is named."
    )

    @Argument(help: "The homeserver, as in example.org or https://matrix.example.org (default: the account's).")
    var homeserver: String?

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard homeserver == nil || account.account == nil else {
            throw ValidationError("HOMESERVER and --account exclude each other.")
        }
    }

    func run() throws {
        let support = try shared.connect()
            .call(GetLoginTokenSupport(account: account.account, homeserver: homeserver))
        if shared.json { Output.say(json: support) } else { Output.say(Self.sentence(support)) }
        if !support.supported { Glibc.exit(ExitStatus.unsupported.rawValue) }
    }

    private static func sentence(_ support: GetLoginTokenSupport.Result) -> String {
        switch support.reason {
        case .available: "yes: this homeserver mints login tokens."
        case .switchedOff:
            "no: this homeserver has login tokens switched off; its administrator can allow them "
                + "(Synapse: login_via_existing_session.enabled)."
        case .oauthServer:
            "no: this homeserver signs in with OAuth 2.0, where login tokens cannot be minted"
                + (support.accountManagementUrl.map { "; new devices are signed in at \($0)." } ?? ".")
        case .unknownServer: "no: this homeserver does not say that it mints login tokens."
        }
    }
}
