internal import FoundationEssentials

/// Where state and configuration lie: the option, else what systemd says, else the XDG base directories.
public struct Folders: Sendable {
    /// They have no usual place.
    public struct Unknown: Error, CustomStringConvertible {
        let variable: String
        public var description: String {
            "neither HOME nor \(variable) is set; name the folders with --state and --config"
        }
    }

    public let state: String
    public let configuration: String

    public init(state: String?, configuration: String?) throws(Unknown) {
        self.configuration = try Self.configuration(configuration)
        self.state = try Self.state(state)
    }

    /// The configuration's alone, for whoever touches no state.
    public static func configuration(_ option: String?) throws(Unknown) -> String {
        if let folder = option ?? first(of: "CONFIGURATION_DIRECTORY") { return folder }
        return try below("XDG_CONFIG_HOME", ".config", "jeton")
    }

    /// The state's alone, which may be given where the other one is not known.
    public static func state(_ option: String?) throws(Unknown) -> String {
        if let folder = option ?? first(of: "STATE_DIRECTORY") { return folder }
        return try usualState()
    }

    private static func environment(_ name: String) -> String? {
        let value = ProcessInfo.processInfo.environment[name]
        return value?.isEmpty == true ? nil : value
    }

    /// systemd separates several folders by colons; ours is the first.
    private static func first(of name: String) -> String? {
        environment(name)?.split(separator: ":").first.map { String($0) }
    }

    /// systemd before 254 puts the unit's state below ~/.config; an agent that is then run by hand finds it there.
    private static func usualState() throws(Unknown) -> String {
        let usual = try below("XDG_STATE_HOME", ".local/state", "jeton-state")
        let older = try below("XDG_CONFIG_HOME", ".config", "jeton-state")
        let files = FileManager.default
        return !files.fileExists(atPath: usual) && files.fileExists(atPath: older) ? older : usual
    }

    private static func below(_ variable: String, _ fallback: String, _ name: String) throws(Unknown) -> String {
        if let base = environment(variable) { return "\(base)/\(name)" }
        guard let home = environment("HOME") else {
            throw Unknown(variable: variable)
        }
        return "\(home)/\(fallback)/\(name)"
    }
}
