internal import FoundationEssentials
internal import RPCClient

/// Where a copied login token goes: to the desktop, or where there is none to the terminal, which may be far away.
enum Clipboard {
    case desktop(ClipboardTool)
    case terminal(TerminalClipboard)

    /// - Throws: where there is none. Ask before anything is minted: a token that went nowhere would be lost.
    static func find() throws(Failure) -> Clipboard {
        var missing: [ClipboardTool] = []
        if hasWayland {
            if ClipboardTool.wlCopy.isInstalled { return .desktop(.wlCopy) }
            missing.append(.wlCopy)
        }
        if variable("DISPLAY") != nil {
            let tools = [ClipboardTool.xclip, .xsel].filter(\.isInstalled)
            // A display that is gone, as in a tmux that has outlived it, has no clipboard.
            if let tool = tools.first(where: \.hasDisplay) { return .desktop(tool) }
            if tools.isEmpty { missing.append(.xclip) }
        }
        if let tool = missing.first {
            throw Failure(
                .failed,
                "copying takes \(tool.name), which is not installed; Debian has it in the package \(tool.package)"
            )
        }
        guard let terminal = TerminalClipboard() else {
            throw Failure(
                .failed,
                "there is no clipboard here: no desktop ($WAYLAND_DISPLAY, $DISPLAY) and no terminal that has one"
            )
        }
        return .terminal(terminal)
    }

    /// Whether a compositor listens where its variable says (wl_display_connect).
    private static var hasWayland: Bool {
        guard let name = variable("WAYLAND_DISPLAY") else { return false }
        guard !name.hasPrefix("/") else { return SocketProbe.isListening(at: name) }
        return variable("XDG_RUNTIME_DIR").map { SocketProbe.isListening(at: "\($0)/\(name)") } ?? false
    }

    /// A variable that is not empty.
    static func variable(_ name: String) -> String? {
        ProcessInfo.processInfo.environment[name].flatMap { $0.isEmpty ? nil : $0 }
    }
}
