import FoundationEssentials

/// The paths that this server knows.
enum Resource: Equatable {
    case versions, login, loginToken, refresh, capabilities, whoami, logout, logoutAll, devices, wellKnown
    case device(String)

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
        default:
            guard let device = Self.device(in: path) else { return nil }
            self = .device(device)
        }
    }

    private static func device(in path: String) -> String? {
        let folder = "/_matrix/client/v3/devices/"
        guard path.hasPrefix(folder) else { return nil }
        let name = path.dropFirst(folder.count)
        guard !name.isEmpty, !name.contains("/") else { return nil }
        return (URLComponents(string: "/\(name)")?.path.dropFirst()).map(String.init)
    }
}
