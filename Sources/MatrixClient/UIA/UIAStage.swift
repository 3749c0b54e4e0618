/// A stage of user-interactive authentication (Client-Server API, "Authentication types").
enum UIAStage: Sendable, Hashable {
    case password
    case recaptcha
    case emailIdentity
    case msisdn
    case registrationToken
    case terms
    case dummy
    case sso
    /// One that this program does not know.
    case other(String)

    private static let known: [String: UIAStage] = [
        "m.login.password": .password, "m.login.recaptcha": .recaptcha, "m.login.email.identity": .emailIdentity,
        "m.login.msisdn": .msisdn, "m.login.registration_token": .registrationToken, "m.login.terms": .terms,
        "m.login.dummy": .dummy, "m.login.sso": .sso,
    ]

    init(_ type: String) { self = Self.known[type] ?? .other(type) }
}
