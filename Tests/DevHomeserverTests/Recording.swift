import Testing

@testable import DevHomeserver

/// A group of recorded exchanges and how to play it to this server.
struct Recording: Sendable, CustomTestStringConvertible {
    var group: String
    /// As Synapse was configured.
    var configure: @Sendable (inout DevHomeserver.Options) -> Void = { _ in }
    /// Exchanges that are not ours, by number, with the reason.
    var skipped: [Int: String] = [:]
    /// Where to ask instead, by number, as Synapse does in several steps what this server does in one.
    var paths: [Int: String] = [:]
    /// Done instead of an exchange, by number: what administrators and users do by ways that this server has not.
    var acts: [Int: @Sendable (DevHomeserver) async -> Void] = [:]
    /// Access tokens from elsewhere, with their owners.
    var tokens: [String: String] = [:]
    /// How long whoever recorded waited before an exchange.
    var pauses: [Int: Duration] = [:]
    /// Before these the server was restarted.
    var restarts: Set<Int> = []

    var testDescription: String { group }
}

extension Recording {
    static let all: [Recording] = [
        Recording(
            group: "a-basic",
            skipped: [76: "unstable path"],
            acts: [
                57: { await $0.deactivate("erin") },
                62: { await $0.setLocked(true, "frank") },
                66: { await $0.setLocked(false, "frank") },
                // Suspended users mint as before.
                69: { _ in },
            ],
            pauses: [88: .seconds(60)]
        ),
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
        Recording(
            group: "i-sso-cas",
            configure: {
                $0.identityProviders = [.init(id: "cas", name: "Test CAS", localpart: "cathy")]
                $0.flows = [["m.login.sso"]]
            },
            skipped: [
                2: "leads to the CAS", 3: "the CAS", 7: "leads to the CAS", 8: "the CAS", 16: "the CAS",
            ],
            paths: [
                4:
                    "/_matrix/client/v3/login/sso/redirect?redirectUrl=http%3A%2F%2Flocalhost%3A34567%2Fcb%3Fstate%3Dabc",
                9: "/_matrix/client/v3/login/sso/redirect/cas?redirectUrl=http%3A%2F%2Flocalhost%3A34567%2Fcb",
                17: "/_matrix/client/v3/auth/m.login.sso/fallback/web?confirmed=yes&session=feOpDpDRIhuXFsSHrgsyLVth",
            ]
        ),
        Recording(group: "k-ui-auth-timeout", skipped: [5: "UIA is never skipped here"]),
        Recording(
            group: "l-mas-delegated",
            configure: { $0.oauthIssuer = "http://127.0.0.1:8190/" },
            tokens: ["mat_good": "alice"]
        ),
        Recording(group: "m-clients"),
        // Synapse forgets at a restart when it last minted; this server does not.
        Recording(group: "n-misc", pauses: [14: .seconds(60)], restarts: [13]),
    ]
}
