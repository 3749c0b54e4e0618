internal import ArgumentParser
internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import MatrixClient
internal import Privacy
internal import Processes
internal import UnixSignals

/// Redeems one login token, and hands what comes of it to a command. A program of its own, so that `jeton` starts
/// without an HTTP client, and the agent gives no access token to anybody.
@main
struct JetonSession: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jeton-session",
        abstract: "Begins a Matrix session with the login token that stands on descriptor 3.",
        discussion: "`jeton session` starts it.",
        version: "jeton-session \(releaseVersion)"
    )

    @Option(help: "The homeserver's address.")
    var homeserver: String

    @Option(help: "What the new device is called.")
    var deviceName: String?

    @Flag(help: "Sign the device out again when the command ends.")
    var ephemeral = false

    @Option(help: "The descriptor from which the command reads the session.")
    var fd: Int32 = 3

    @Option(help: "The folder of config.json5, where ca_file is named (default: ~/.config/jeton).")
    var config: String?

    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind --.")
    var command: [String] = []

    func run() async throws {
        // Ignoring failures: there is none that the kernel knows of.
        try? ProcessPrivacy.begin()
        do {
            let ending = try await serve()
            ending.repeatHere()
        } catch let problem as Problem {
            Self.complain(problem.reason)
            throw ExitCode.failure
        }
    }

    private func serve() async throws -> Ending {
        let token = try LoginTokenPipe.read()
        let inherited = InheritedDescriptors()
        // From now on nothing but the end of the command ends us, nor before the session is printed.
        let signals = await UnixSignalsSequence(trapping: RunningCommand.signals)
        signal(SIGPIPE, SIG_IGN)
        let address: HomeserverAddress
        do {
            address = try HomeserverAddress(homeserver)
        } catch {
            throw Problem("\(error)")
        }
        let transport = try Authorities.transport(config)
        let client = MatrixClient(homeserver: address, transport: transport)
        let result: Result<Ending, any Error>
        do {
            let session = try await begin(client, token)
            result = .success(try await use(session, client, signals, passingOn: inherited))
        } catch {
            result = .failure(error)
        }
        try? await transport.shutdown()
        return try result.get()
    }

    private func begin(_ client: MatrixClient, _ token: Secret) async throws(Problem) -> MatrixClient.Session {
        do {
            return try await client.logIn(.loginToken(token), deviceName: deviceName, isRenewable: false)
        } catch {
            throw Problem("\(homeserver) did not sign in (\(error.words)); the login token may be used up")
        }
    }

    private func use(
        _ session: MatrixClient.Session,
        _ client: MatrixClient,
        _ signals: UnixSignalsSequence,
        passingOn inherited: InheritedDescriptors
    ) async throws -> Ending {
        let json = try Self.json(session, homeserver)
        if command.isEmpty { return try await show(json, of: session, client, signals) }
        let ending: Result<Ending, any Error>
        do {
            let variables = [
                "MATRIX_SESSION_FD": "\(fd)", "MATRIX_HOMESERVER": homeserver, "MATRIX_USER_ID": session.userId,
            ]
            inherited.withholdOthers()
            let running = try RunningCommand(command, reading: json, on: fd, with: variables)
            ending = .success(try await running.ended(signals))
        } catch {
            ending = .failure(error)
        }
        if ephemeral { _ = await end(session, client) }
        return try ending.get()
    }

    /// A session that nobody has read is a device that nobody knows.
    private func show(
        _ json: [UInt8],
        of session: MatrixClient.Session,
        _ client: MatrixClient,
        _ signals: UnixSignalsSequence
    ) async throws -> Ending {
        let failure = try await Printing.print(json, unless: signals) { signal in
            _ = await end(session, client)
            Ending.signaled(signal).repeatHere()
        }
        guard let failure else { return .exited(0) }
        let rest = await end(session, client) ? "; the device is signed out again" : ""
        throw Problem("the session could not be printed (\(failure))\(rest)")
    }

    /// Signs the device out.
    /// - Returns: whether it is.
    private func end(_ session: MatrixClient.Session, _ client: MatrixClient) async -> Bool {
        do {
            try await client.logOut(session.accessToken)
            return true
        } catch {
            let advice = "end it by `jeton revoke \(session.deviceId)`"
            Self.complain("the device is still signed in (\(error.words)): \(advice)")
            return false
        }
    }

    private static func complain(_ text: String) {
        // Nobody can be told of a failure.
        _ = Printing.write(Array("jeton-session: \(text)\n".utf8), to: STDERR_FILENO)
    }

    /// One line: for readers that know no end but that.
    private static func json(_ session: MatrixClient.Session, _ homeserver: String) throws -> [UInt8] {
        struct Told: Encodable {
            var homeserver: String
            var userId: String
            var deviceId: String
            var accessToken: Secret
        }
        let told = Told(
            homeserver: homeserver,
            userId: session.userId,
            deviceId: session.deviceId,
            accessToken: session.accessToken
        )
        return Array(try JSONCoding.encoder(secrets: .revealed).encode(told)) + [UInt8(ascii: "\n")]
    }
}

/// Why there is no session: a sentence without its full stop.
struct Problem: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

extension MatrixError {
    /// What happened, for people.
    fileprivate var words: String {
        switch self {
        case .refused(let refusal): refusal.error ?? refusal.errcode ?? "status \(refusal.status)"
        case .notMatrix(_, let detail): detail
        case .unreachable(let failure): failure.detail
        case .authenticationRequired: "it asks for more than a login token"
        }
    }
}
