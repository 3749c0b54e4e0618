/// What the user's service manager says about our units (`systemctl show`).
struct Units {
    /// The properties of one unit, as systemd names them.
    struct Unit {
        fileprivate var properties: [String: String]

        subscript(name: String) -> String { properties[name] ?? "" }

        var isInstalled: Bool { self["LoadState"] == "loaded" }
        var isActive: Bool { self["ActiveState"] == "active" }
        var isFailed: Bool { self["ActiveState"] == "failed" }
        /// It has ended badly, and systemd will start it again.
        var isTriedAgain: Bool { self["SubState"].hasPrefix("auto-restart") }
        var isMasked: Bool { self["LoadState"] == "masked" }
        /// The program that a service starts, as in `{ path=/usr/bin/jetond ; argv[]=/usr/bin/jetond ; … }`.
        var program: String? {
            let text = self["ExecStart"]
            guard let start = text.firstRange(of: "path=")?.upperBound,
                let end = text[start...].firstRange(of: " ; argv[]=")?.lowerBound
            else { return nil }
            return String(text[start..<end])
        }
    }

    let socket: Unit
    let restricted: Unit
    let service: Unit
    let prompt: Unit
    let desktop: Unit
    let keyring: Unit

    static let properties = [
        "Id", "LoadState", "ActiveState", "SubState", "UnitFileState", "Result", "NeedDaemonReload", "ExecMainStatus",
        "ExecMainCode", "StatusText", "ExecStart",
    ]

    private static let names = (
        socket: "jetond.socket", restricted: "jetond-restricted.socket", service: "jetond.service",
        prompt: "jeton-prompt.socket", desktop: "jeton-desktop.socket", keyring: "jeton-keyring.socket"
    )

    /// Why there is nothing to be learned.
    struct Unknown: Error {
        var detail: String
    }

    static func ask() throws(Unknown) -> Units {
        let units = [names.socket, names.restricted, names.service, names.prompt, names.desktop, names.keyring]
        let show = ["systemctl", "--user", "--no-pager", "show", "--property=\(properties.joined(separator: ","))"]
        switch OtherProgram.run(show + units) {
        case .missing: throw Unknown(detail: "systemctl is not installed")
        case .tooLong: throw Unknown(detail: "your user manager of systemd does not answer")
        case .ended(0, let output, _): return Units(output)
        case .ended(_, _, let errors):
            throw Unknown(detail: "no user manager of systemd answers here (\(errors.prefix { !$0.isNewline }))")
        }
    }

    /// Blocks of `Name=value`, one for each unit, empty lines between them.
    private init(_ text: String) {
        var units: [String: Unit] = [:]
        for block in Self.blocks(of: text) {
            let pairs = block.compactMap { line -> (String, String)? in
                guard let equals = line.firstIndex(of: "=") else { return nil }
                return (String(line[..<equals]), String(line[line.index(after: equals)...]))
            }
            let unit = Unit(properties: Dictionary(pairs) { first, _ in first })
            units[unit["Id"]] = unit
        }
        let unknown = Unit(properties: [:])
        socket = units[Self.names.socket] ?? unknown
        restricted = units[Self.names.restricted] ?? unknown
        service = units[Self.names.service] ?? unknown
        prompt = units[Self.names.prompt] ?? unknown
        desktop = units[Self.names.desktop] ?? unknown
        keyring = units[Self.names.keyring] ?? unknown
    }

    /// Which displays the manager's own units are told of.
    static func displays() -> Set<String> {
        guard case .ended(0, let output, _) = OtherProgram.run(["systemctl", "--user", "show-environment"]) else {
            return []
        }
        return Set(output.split(separator: "\n").map { String($0.prefix { $0 != "=" }) }).intersection(displayNames)
    }

    static let displayNames: Set = ["DISPLAY", "WAYLAND_DISPLAY"]

    private static func blocks(of text: String) -> [[Substring]] {
        text.split(separator: "\n", omittingEmptySubsequences: false).split(separator: "").map { Array($0) }
    }

    /// How the agent is started here.
    var start: String {
        if !socket.isInstalled { return "Install its units: systemd/install, or the package jeton." }
        // Of a socket that listens, the file may be gone.
        if socket.isFailed || socket.isActive { return "Run: systemctl --user restart jetond.socket" }
        return "Run: systemctl --user enable --now jetond.socket"
    }
}
