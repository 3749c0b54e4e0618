internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Lists the login tokens that were minted here, newest first, and which device used each.",
        discussion: """
            A token is live, redeemed, signed_out (its device was, by `jeton revoke`), expired, or unknown (asked for, \
            and no answer came). Which device it was is no more than likely: it is the one that appeared while the \
            token lived. What is not yours is signed out by `jeton revoke --token TOKEN`.
            """
    )

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let result = try shared.connect().call(ListLoginTokens(account: account.account))
        guard !shared.json else { return Output.say(json: result) }
        guard !result.tokens.isEmpty else { return Output.complain("No login token was minted here.") }
        Output.table(
            ["TOKEN", "ACCOUNT", "STATE", "ISSUED", "PURPOSE", "ASKED BY", "REDEEMED BY"],
            result.tokens.map { token in
                [
                    token.tokenId, PlainText.word(token.account), token.state.rawValue, token.issuedAt.description,
                    token.purpose.map(PlainText.quoted) ?? "", token.requester.command.map(PlainText.quoted) ?? "",
                    Self.redeemer(of: token),
                ]
            }
        )
    }

    private static func redeemer(of token: IssuedToken) -> String {
        if let device = token.redeemedBy { return device.line }
        guard let candidates = token.candidates else { return "" }
        return "perhaps " + candidates.map(\.line).joined(separator: ", or ")
    }
}

extension Redeemer {
    /// For people: `DIIDRPWVHJ (“New phone”, 203.0.113.7, 2026-07-01T12:00:00.000Z)`.
    var line: String {
        let details = [displayName.map(PlainText.quoted), lastSeenIp.map(PlainText.word), at.description]
        return "\(PlainText.word(deviceId)) (\(details.compactMap(\.self).joined(separator: ", ")))"
    }
}
