internal import FoundationEssentials
internal import Glibc
internal import Processes

/// The user's browser: $JETON_BROWSER or $BROWSER, else what the desktop opens addresses with; never our own stand-in.
enum Browser {
    /// Tells whatever was opened by us that it need not come back to us: desktops may have the stand-in for a browser.
    private static let mark = "JETON_BROWSER_PASSED"

    /// Whether an address came to the stand-in that it has passed on already.
    static var hasPassed: Bool { environment[mark] != nil }

    private static var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// Opens an address, if there is something to open it with.
    ///
    /// The address stands in the browser's arguments, where other users of the machine may read it; there is no other
    /// way to a browser. The addresses that go here are made for that. A fallback page's holds the homeserver's UIA
    /// session, which mints nothing without an access token of the same account; that of an SSO login holds where the
    /// agent waits, and what comes there is checked to be the user who was asked for. A login token never goes here.
    /// - Returns: false where nothing was started: then somebody else has to open it.
    static func open(_ address: String) -> Bool {
        // Whatever else an address may be, to a desktop it is a program to start.
        guard address.hasPrefix("https://") || address.hasPrefix("http://") else { return false }
        return commands(hasScreen: Self.hasScreen).contains { command in
            Background.start(whole(command, [address]), environment: passedOn)
        }
    }

    /// Becomes the browser, whose arguments are not looked at.
    /// - Throws: where there is none.
    static func become(_ arguments: [String]) throws(Failure) -> Swift.Never {
        for command in commands(hasScreen: true) {
            Replacement.begin(whole(command, arguments), environment: passedOn)
        }
        throw Failure(.failed, "there is no browser to open it with; name one in $JETON_BROWSER")
    }

    /// xdg-open without a display would start a browser on the terminal that we ask on, or none.
    static var hasScreen: Bool {
        ["DISPLAY", "WAYLAND_DISPLAY"].contains { environment[$0]?.isEmpty == false }
    }

    /// What to try, one after the other, each as its words.
    private static func commands(hasScreen: Bool) -> [[String]] {
        let chosen = ["JETON_BROWSER", "BROWSER"].lazy.map(named).first { !$0.isEmpty }
        if let chosen { return chosen }
        if hasPassed { return ["x-www-browser", "firefox", "chromium"].map { [$0] } }
        return hasScreen ? [["xdg-open"]] : []
    }

    private static func named(in variable: String) -> [[String]] {
        (environment[variable] ?? "").split(separator: ":").map { $0.split(separator: " ").map { String($0) } }
            .filter { $0.first.map { !BrowserStandIn.isMeant(by: $0) } ?? false }
    }

    /// A command with the address where it has its %s, else at its end.
    private static func whole(_ command: [String], _ arguments: [String]) -> [String] {
        guard arguments.count == 1, command.contains(where: { $0.contains("%s") }) else { return command + arguments }
        return command.map { $0.replacing("%s", with: arguments[0]) }
    }

    /// xdg-open asks $BROWSER too, and must not find the stand-in there; nor must we, by the name of xdg-open.
    private static var passedOn: [String: String] {
        var environment = environment
        environment[mark] = "1"
        if named(in: "BROWSER").isEmpty { environment["BROWSER"] = nil }
        if let detour = BrowserStandIn.detour {
            let folders = environment["PATH"]?.split(separator: ":").filter { $0 != detour }
            environment["PATH"] = folders?.joined(separator: ":")
        }
        return environment
    }
}
