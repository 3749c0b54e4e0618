internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct LimitsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "limits",
        abstract: "Tells how much of each limit is left, and when the next login token can be minted."
    )

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func run() throws {
        let result = try shared.connect().call(GetRateLimitStatus(account: account.account))
        guard !shared.json else { return Output.say(json: result) }
        guard !result.limits.isEmpty else {
            return Output.complain("No account is signed in, so there is nothing to limit.")
        }
        Output.table(
            ["ACCOUNT", "LIMIT", "LEFT", "AGAIN IN", "BECAUSE OF"],
            result.limits.map { limit in
                [
                    limit.account.map(PlainText.word) ?? "all",
                    "\(limit.name.rawValue): \(limit.count) in \(limit.perMs / 1000) s",
                    "\(limit.remaining)",
                    limit.retryAfterMs == 0 ? "now" : "\((limit.retryAfterMs + 999) / 1000) s",
                    limit.notBeforeReason?.rawValue ?? "",
                ]
            }
        )
    }
}
