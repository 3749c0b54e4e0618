/// The kinds of entries that others may look for: each event has a number for good, by which journalctl finds it
/// whatever the message says (systemd.journal-fields(7), `MESSAGE_ID`).
enum MessageID {
    static func of(_ event: String) -> String? { byEvent[event] }

    /// Random numbers, made once by `systemd-id128 new`. They never change; a new event gets a new one.
    static let byEvent = [
        "account.login": "7e94c09bd5025eca4884783a8b2a0d91",
        "account.logout": "13948942b3e77c2cc682d2e7cfdb96d0",
        "account.state": "ddd6ef9ee1e0947994da2cc21b5578fd",
        "agent.locked": "7297e7bc58f94dc0a252ab423b95a029",
        "agent.reloaded": "4ca0e43daa0a4ae9d12b19bfe6cab7d4",
        "agent.reload_refused": "c253621b0ef34b0f594adfed4acfc837",
        "agent.unlocked": "8192590d116b488bb5527f50380b44e2",
        "consent.denied": "3a8714add385b3e781c70149cb074658",
        "consent.granted": "181fa5fe32f0993d2f41823de9c06cd3",
        "device.signed_out": "f08a4b22c64ef25300c3111b9d4282d4",
        "login_token.denied": "eaa26a69a97809f93b05cc7386c0e368",
        "login_token.issued": "e6372603ac7bca4d91e8229c3a400b48",
        "login_token.redeemed": "020a2c2636d55be722ee49fcceff4d42",
        "login_token.unknown": "13efaf4859154a12ac6849fb01a5ccf0",
        "rate_limit.hit": "827b532530da9d37b463b82f5e4cc913",
        "store.decrypted": "dc1f2f00629644e2a5ef9b05da95cf74",
        "store.encrypted": "16355581e9bf4a5e95b1928892206ecc",
        "store.rekeyed": "a1ed45b5d17a467e9512a08677c505d3",
    ]
}
