internal import ArgumentParser
internal import FoundationEssentials
internal import JetonAPI
internal import Processes

struct SessionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "session",
        abstract: "Begins a session of its own for a bot or a test, on a new device.",
        discussion: """
            The agent mints a login token, jeton-session redeems it at once, and what comes of it is JSON with \
            user_id, device_id, access_token and homeserver: on standard output, or for a command behind -- on a \
            descriptor, of which $MATRIX_SESSION_FD tells. The agent's own session is not touched, and its access \
            token never leaves it.

            An access token is good until the device is signed out: by `jeton revoke DEVICE`, or with --ephemeral when \
            the command ends.
            """
    )

    @Option(help: "What the new device is called in your list of sessions.")
    var deviceName = "jeton session"

    @Flag(help: "Sign the device out again when the command ends, however it ends.")
    var ephemeral = false

    @Option(help: "The descriptor from which the command reads the JSON: 0, or 3 and more (default: 3).")
    var fd: Int32?

    @Flag(help: "Print the JSON even to a terminal.")
    var show = false

    @OptionGroup var minting: MintingOptions
    @OptionGroup var shared: SharedOptions

    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind --.")
    var command: [String] = []

    func validate() throws {
        guard fd.map(Execution.canOffer) ?? true else { throw ValidationError("--fd must be 0, or from 3 to 1023.") }
        guard !command.isEmpty || (fd == nil && !ephemeral) else {
            throw ValidationError("--fd and --ephemeral need a command; it stands behind --.")
        }
    }

    func run() throws {
        // Before anything is minted: a token that nobody takes would be lost.
        guard !command.isEmpty || show || !Output.isTerminal else {
            throw Failure(.usage, "standard output is a terminal; add --show to print the access token there")
        }
        guard !command.isEmpty || Output.isOpen else {
            throw Failure(.usage, "standard output is closed, so nobody would have the session; nothing was minted")
        }
        if let program = command.first, Replacement.find(program) == nil {
            throw Failure(.usage, "\(program) is no program that can be run; nothing was minted")
        }
        guard let program = Execution.own("jeton-session") else {
            throw Failure(.failed, "jeton-session is not installed; nothing was minted")
        }
        let token = try minting.mint(try shared.connect())
        try Execution.offer(token.loginToken, on: 3)
        var arguments = [program, "--homeserver", token.homeserver, "--device-name=\(deviceName)"]
        if ephemeral { arguments.append("--ephemeral") }
        if let fd { arguments += ["--fd", "\(fd)"] }
        Replacement.begin(arguments + ["--"] + command, environment: ProcessInfo.processInfo.environment)
        throw Failure(.failed, "jeton-session could not be run")
    }
}
