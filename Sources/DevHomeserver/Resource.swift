import FoundationEssentials

/// The paths that this server knows.
enum Resource: Equatable {
    case versions, login, loginToken, refresh, capabilities, whoami, logout, logoutAll, devices, wellKnown, authMetadata
    case device(String)
    /// Nil: with the first identity provider.
    case singleSignOn(provider: String?)
    /// Of a stage of user-interactive authentication.
    case fallbackPage(stage: String)

    init?(path: String) {
        switch path {
        case "/_matrix/client/versions": self = .versions
        case "/_matrix/client/v3/login": self = .login
        case "/_matrix/client/v1/login/get_token": self = .loginToken
        case "/_matrix/client/v3/refresh": self = .refresh
        case "/_matrix/client/v3/capabilities": self = .capabilities
        case "/_matrix/client/v3/account/whoami": self = .whoami
        case "/_matrix/client/v3/logout": self = .logout
        case "/_matrix/client/v3/logout/all": self = .logoutAll
        case "/_matrix/client/v3/devices": self = .devices
        case "/.well-known/matrix/client": self = .wellKnown
        case "/_matrix/client/v1/auth_metadata", "/_matrix/client/unstable/org.matrix.msc2965/auth_metadata":
            self = .authMetadata
        case "/_matrix/client/v3/login/sso/redirect": self = .singleSignOn(provider: nil)
        default:
            if let device = Self.name(in: path, after: "devices/") {
                self = .device(device)
            } else if let provider = Self.name(in: path, after: "login/sso/redirect/") {
                self = .singleSignOn(provider: provider)
            } else if let stage = Self.name(in: path, after: "auth/", before: "/fallback/web") {
                self = .fallbackPage(stage: stage)
            } else {
                return nil
            }
        }
    }

    /// The one part of a path that is a name, decoded.
    private static func name(in path: String, after folder: String, before end: String = "") -> String? {
        let start = "/_matrix/client/v3/\(folder)"
        guard path.hasPrefix(start), path.hasSuffix(end) else { return nil }
        let name = path.dropFirst(start.count).dropLast(end.count)
        guard !name.isEmpty, !name.contains("/") else { return nil }
        return (URLComponents(string: "/\(name)")?.path.dropFirst()).map(String.init)
    }
}
