internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import Processes

/// `jeton-browser`, this program by another name: a client that opens its SSO address with it is signed in by the agent.
/// Everything else is passed on to the real browser as it came.
enum BrowserStandIn {
    static let name = "jeton-browser"
    /// The desktop's own way to a browser, which goes by the desktop's settings and hears of no $BROWSER.
    private static let opener = "xdg-open"

    /// Where the stand-in has the name of the desktop's opener, for those who look for that in $PATH.
    static var detour: String? {
        Execution.own("opener/\(opener)").map { String($0.dropLast(opener.count + 1)) }
    }

    /// Names the command that was given the stand-in, which the client most likely is.
    static let client = "JETON_BROWSER_FOR"

    /// Whether a program's path, as it was called, is that of the stand-in.
    static func isMeant(by program: String) -> Bool {
        [name, opener].contains { program == $0 || program.hasSuffix("/\($0)") }
    }

    /// Clients wait for their browser to be opened, and only then for what it brings: so the work is done behind their
    /// back, by a process of its own.
    static func run(_ arguments: [String]) throws(Failure) {
        if arguments.count == 1, !Browser.hasPassed, let address = try? SSOAddress(arguments[0]),
            isForAgent(address.redirect), handOver(address)
        {
            return
        }
        try Browser.become(arguments)
    }

    /// A website's is the browser's business alone.
    private static func isForAgent(_ redirect: SSOAddress.Redirect) -> Bool {
        switch redirect {
        case .loopback, .program: true
        case .remote: false
        }
    }

    private static func handOver(_ address: SSOAddress) -> Bool {
        guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
            return false
        }
        let command = [program, "handover", "--instead-of-browser", "--purpose", purpose, "--", address.text]
        return Background.start(command, environment: ProcessInfo.processInfo.environment)
    }

    /// Who has opened the address: once we have gone, nobody can tell any more.
    private static var purpose: String {
        var names: [String] = []
        var pid = Int(getppid())
        // Between a client and its browser there are a script or two. An orphan's parent tells nothing of it.
        while names.count < 4, pid > 1, let status = status(of: pid), status.name != "systemd" {
            names.append(status.name)
            pid = status.parent
        }
        if names.isEmpty { names.append(ProcessInfo.processInfo.environment[client] ?? "a program") }
        return "sign-in of \(names.joined(separator: " ← "))"
    }

    /// A process's name, which stands in brackets and may hold some, and who has started it (proc(5)).
    private static func status(of pid: Int) -> (name: String, parent: Int)? {
        guard let data = try? Data(contentsOf: URL(filePath: "/proc/\(pid)/stat")) else { return nil }
        let text = String(decoding: data, as: UTF8.self)
        guard let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")"), open < close,
            let parent = text[close...].split(separator: " ").dropFirst(2).first.flatMap({ Int($0) })
        else { return nil }
        return (String(text[text.index(after: open)..<close]), parent)
    }
}
