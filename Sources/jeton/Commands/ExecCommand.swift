internal import ArgumentParser
internal import FoundationEssentials
internal import JetonAPI
internal import Processes

struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Runs a command that signs in by a fresh login token.",
        discussion: """
            The command reads the login token from a descriptor, a line; $MATRIX_LOGIN_TOKEN_FD tells which. \
            $MATRIX_HOMESERVER and $MATRIX_USER_ID tell where and as whom. The command takes the place of this one, so \
            its exit status is passed on.

            With --browser nothing is minted yet: the command gets jeton-browser for its browser ($BROWSER, and \
            xdg-open in $PATH), and is signed in once it opens an SSO address (`jeton handover`).
            """
    )

    @Option(help: "The descriptor to read the login token from: 0, or 3 and more (default: 3).")
    var fd: Int32?

    @Flag(help: "Put the login token into $MATRIX_LOGIN_TOKEN, where other programs of yours can read it.")
    var env = false

    @Flag(help: "Sign the command in when it opens an SSO address in its browser.")
    var browser = false

    @OptionGroup var minting: MintingOptions
    @OptionGroup var shared: SharedOptions

    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind --.")
    var command: [String] = []

    func validate() throws {
        guard !command.isEmpty else { throw ValidationError("The command is missing; it stands behind --.") }
        guard fd.map(Execution.canOffer) ?? true else { throw ValidationError("--fd must be 0, or from 3 to 1023.") }
        guard !browser || (fd == nil && !env) else { throw ValidationError("--browser excludes --fd and --env.") }
    }

    func run() throws {
        // Before anything is minted: a token that nobody takes would be lost.
        guard Replacement.find(command[0]) != nil else {
            throw Failure(.usage, "\(command[0]) is no program that can be run; nothing was minted")
        }
        var environment = ProcessInfo.processInfo.environment
        // For `jeton` in there, and the stand-in.
        environment["JETON_SOCKET"] = shared.socket ?? environment["JETON_SOCKET"]
        // Of a command that this one was started by, and used.
        for name in ["MATRIX_LOGIN_TOKEN", "MATRIX_LOGIN_TOKEN_FD"] { environment[name] = nil }
        if browser { try setBrowser(&environment) } else { try sign(&environment) }
        Replacement.begin(command, environment: environment)
        throw Failure(.failed, "\(command[0]) could not be run")
    }

    private func sign(_ environment: inout [String: String]) throws {
        let token = try minting.mint(try shared.connect())
        environment["MATRIX_HOMESERVER"] = token.homeserver
        environment["MATRIX_USER_ID"] = token.userId
        if env { environment["MATRIX_LOGIN_TOKEN"] = token.loginToken.reveal() }
        guard !env || fd != nil else { return }
        let descriptor = fd ?? 3
        try Execution.offer(token.loginToken, on: descriptor)
        environment["MATRIX_LOGIN_TOKEN_FD"] = "\(descriptor)"
    }

    private func setBrowser(_ environment: inout [String: String]) throws(Failure) {
        guard let standIn = Execution.own(BrowserStandIn.name) else {
            throw Failure(.failed, "\(BrowserStandIn.name) is not installed beside jeton")
        }
        // What was the browser until now is the one for all other addresses.
        if let browser = environment["BROWSER"], !browser.isEmpty, environment["JETON_BROWSER"] == nil {
            environment["JETON_BROWSER"] = browser
        }
        environment["BROWSER"] = standIn
        environment[BrowserStandIn.client] = command[0].split(separator: "/").last.map { String($0.prefix(64)) }
        // Desktops have settings of their own for their browser, which most programs with windows go by.
        if let detour = BrowserStandIn.detour {
            environment["PATH"] = "\(detour):\(environment["PATH"] ?? "/usr/bin:/bin")"
        }
    }
}
