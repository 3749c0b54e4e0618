internal import Glibc
internal import JetonAPI
internal import RPCClient
internal import SystemPackage

/// What the homeservers say, asked through the agent.
extension Examination {
    /// How long all homeservers together may take.
    private static let patienceForAll = Duration.seconds(30)
    /// How long one may take: more than the agent gives a connection.
    private static let patienceForOne = Duration.seconds(12)

    mutating func lookAtAccounts(_ accounts: [Account]) {
        guard !accounts.isEmpty else {
            return findings.note("account", "no account is signed in", cure: "Run: jeton login @you:example.org")
        }
        let deadline = ContinuousClock.now.advanced(by: Self.patienceForAll)
        for account in accounts {
            let left = ContinuousClock.now.duration(to: deadline)
            guard left > .seconds(1) else {
                let detail = "\(account.userId): not looked at; the other homeservers took all the time"
                findings.note("account", detail, cure: Self.ask(account), account: account.userId)
                continue
            }
            look(at: account, within: min(left, Self.patienceForOne))
        }
    }

    private mutating func look(at account: Account, within patience: Duration) {
        do throws(RPCClient.Problem) {
            let client = try RPCClient(path: socketPath, patience: patience)
            judge(account, try client.call(GetLoginTokenSupport(account: account.userId)))
        } catch {
            let detail =
                switch error {
                case .unreachable(_, .wouldBlock):
                    "\(account.homeserver) did not answer within \(patience.components.seconds) s"
                default: error.description
                }
            findings.problem(
                "account",
                "\(account.userId): \(detail)",
                cure: Self.cure(of: error, account),
                account: account.userId
            )
        }
    }

    private mutating func judge(_ account: Account, _ support: GetLoginTokenSupport.Result) {
        let (user, homeserver) = (account.userId, account.homeserver)
        switch support.reason {
        case .available:
            findings.ok("account", "\(user): \(homeserver) answers, and mints login tokens", account: user)
        case .switchedOff:
            findings.problem(
                "account",
                "\(user): \(homeserver) has login tokens switched off",
                cure: "Ask its administrator (Synapse: login_via_existing_session.enabled).",
                account: user
            )
        case .oauthServer:
            let page = support.accountManagementUrl.map { " at \($0)" } ?? ", in a browser"
            findings.problem(
                "account",
                "\(user): \(homeserver) signs in with OAuth 2.0, where login tokens cannot be minted",
                cure: "Sign new devices in\(page); this account is of no use here: jeton logout --account \(user)",
                account: user
            )
        case .unknownServer:
            findings.problem(
                "account",
                "\(user): \(homeserver) does not say that it mints login tokens",
                cure: "Ask its administrator for Matrix 1.7 or newer.",
                account: user
            )
        }
        compareClocks(account, support.clockOffsetMs)
    }

    /// Certificates and the life of tokens bear more; what is more is a clock that nobody sets.
    private static let tolerance = 5000

    private mutating func compareClocks(_ account: Account, _ offset: Int?) {
        guard let offset else {
            return findings.note("clock", "\(account.homeserver) does not tell its time", account: account.userId)
        }
        guard abs(offset) > Self.tolerance else {
            return findings.ok("clock", "as at \(account.homeserver), to a second or two", account: account.userId)
        }
        let seconds = "\(abs(offset) / 1000) s \(offset > 0 ? "ahead of" : "behind")"
        findings.problem(
            "clock",
            "the clock here is \(seconds) that of \(account.homeserver)",
            cure: "If it is this one that is wrong, run: sudo timedatectl set-ntp true",
            account: account.userId
        )
    }

    private static func cure(of problem: RPCClient.Problem, _ account: Account) -> String {
        guard case .refused(let refusal) = problem else { return "Look at the network, then run: jeton doctor" }
        switch refusal.kind {
        case .sessionExpired, .notLoggedIn: return "Run: jeton login \(account.userId)"
        case .homeserverUnreachable, .homeserverError: return "Look at the network, then run: \(ask(account))"
        default: return "Run: \(ask(account))"
        }
    }

    private static func ask(_ account: Account) -> String { "jeton support --account \(account.userId)" }
}
