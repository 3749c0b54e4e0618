import Testing

@testable import DevHomeserver

/// A group of recorded exchanges and how to play it to this server.
struct Recording: Sendable, CustomTestStringConvertible {
    var group: String
    /// As Synapse was configured.
    var configure: @Sendable (inout DevHomeserver.Options) -> Void = { _ in }
    /// Exchanges that are not ours, by number, with the reason.
    var skipped: [Int: String] = [:]
    /// How long whoever recorded waited before an exchange.
    var pauses: [Int: Duration] = [:]
    /// Before these the server was restarted.
    var restarts: Set<Int> = []

    var testDescription: String { group }
}

extension Recording {
    static let all: [Recording] = [
        Recording(group: "a-basic", skipped: notOurs, pauses: [88: .seconds(60)]),
        Recording(
            group: "b-token-timeout-2s",
            configure: { $0.loginTokenLifetime = .seconds(2) },
            pauses: [3: .seconds(3)]
        ),
        Recording(
            group: "c-access-5s",
            configure: { $0.accessTokenLifetime = .seconds(5) },
            pauses: [12: .seconds(6), 29: .seconds(6), 34: .seconds(6), 36: .seconds(6)],
            restarts: [38]
        ),
        Recording(
            group: "d-nonrefreshable-3s",
            configure: { $0.nonRefreshableLifetime = .seconds(3) },
            pauses: [2: .seconds(4)]
        ),
        Recording(
            group: "e-refresh-3s",
            configure: { $0.accessTokenLifetime = .seconds(2) },
            skipped: [3: "refresh tokens live forever here"],
            pauses: [2: .seconds(4)]
        ),
        Recording(group: "e2-no-refresh-endpoint", configure: { $0.offersRefresh = false }),
        Recording(group: "f-rc-default", skipped: [6: "logins are not limited here"]),
        Recording(group: "g-no-uia", configure: { $0.asksBeforeMinting = false }),
        Recording(group: "h-off", configure: { $0.offersLoginTokens = false }),
        Recording(group: "k-ui-auth-timeout", skipped: [5: "UIA is never skipped here"]),
        Recording(group: "m-clients"),
        // Synapse forgets at a restart when it last minted; this server does not.
        Recording(group: "n-misc", pauses: [14: .seconds(60)], restarts: [13]),
    ]

    private static let notOurs: [Int: String] = [
        24: "fallback page", 25: "fallback page",
        57: "deactivation", 58: "deactivation", 59: "deactivation",
        62: "admin API", 63: "locked account", 64: "locked account", 65: "locked account", 66: "admin API",
        67: "locked account", 69: "admin API",
        76: "unstable path",
    ]
}
