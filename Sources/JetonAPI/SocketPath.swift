internal import FoundationEssentials

/// Where the agent's socket is: the option, else `$JETON_SOCKET`, else a fixed place in the user's runtime folder.
public enum SocketPath {
    public struct Unknown: Error, CustomStringConvertible {
        public var description: String {
            "XDG_RUNTIME_DIR is not set, so there is no usual place for the socket; "
                + "name one with --socket or in JETON_SOCKET"
        }
    }

    public static func find(option: String?) throws(Unknown) -> String {
        let environment = ProcessInfo.processInfo.environment
        if let path = option ?? environment["JETON_SOCKET"].nonEmpty { return path }
        return try usual()
    }

    /// Where it is, if nobody says otherwise.
    public static func usual() throws(Unknown) -> String { try usual("agent") }

    /// Where the restricted socket is, if nothing else is set.
    public static func restricted() throws(Unknown) -> String { try usual("restricted") }

    /// Where the agent's prompt is.
    public static func prompt() throws(Unknown) -> String { try usual("prompt") }

    /// Where the key of encrypted sessions is fetched from.
    public static func keyring() throws(Unknown) -> String { try usual("keyring") }

    /// Where notifications are shown and addresses are opened for the agent.
    public static func desktop() throws(Unknown) -> String { try usual("desktop") }

    private static func usual(_ name: String) throws(Unknown) -> String {
        guard let folder = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"].nonEmpty else { throw Unknown() }
        return "\(folder)/jeton/\(name).sock"
    }
}

extension String? {
    fileprivate var nonEmpty: String? { self?.isEmpty == true ? nil : self }
}
