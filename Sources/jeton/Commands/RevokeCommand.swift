internal import ArgumentParser
internal import JetonAPI
internal import RPCClient

struct RevokeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "revoke",
        abstract: "Signs a device out, whoever has it.",
        discussion: """
            If a login token was used and it was not you: `jeton revoke --last` signs out the device that used the \
            last one, as far as is known; `jeton tokens` lists them all. The homeserver asks for your password again, \
            or sends you to your browser. The agent's own session is ended by `jeton logout`.
            """
    )

    @Argument(help: "The device, as `jeton devices` lists it.")
    var device: String?

    @Option(help: "The device that used this login token, as `jeton tokens` lists it.")
    var token: String?

    @Flag(help: "The device that used the last login token that was redeemed.")
    var last = false

    @Flag(help: "Let the agent ask you by its own prompt, so that this command learns no password.")
    var agentPrompt = false

    @Flag(help: "Read the password from standard input, where the homeserver wants one.")
    var passwordStdin = false

    @Flag(help: "Print addresses, instead of opening a browser.")
    var noBrowser = false

    @OptionGroup var account: AccountOption
    @OptionGroup var shared: SharedOptions

    func validate() throws {
        guard [device != nil, token != nil, last].count(where: \.self) == 1 else {
            throw ValidationError("Name one of DEVICE, --token and --last.")
        }
    }

    func run() throws {
        let agent = try shared.connect()
        var account = account.account
        let device = try device ?? redeemer(agent, &account)
        try signOut(device, of: try account ?? self.account.resolve(by: agent), agent)
    }

    /// The device that used a login token, and whose it is.
    private func redeemer(_ agent: RPCClient, _ account: inout String?) throws -> String {
        let tokens = try agent.call(ListLoginTokens(account: account)).tokens
        let named = tokens.first { candidate in
            if let token { candidate.tokenId == token } else { candidate.state == .redeemed }
        }
        guard let found = named else {
            throw Failure(.failed, token.map { "there is no login token \($0)" } ?? "no login token was redeemed")
        }
        account = found.account
        let used = found.redeemedBy.map { [$0] } ?? found.candidates ?? []
        let devices = used.filter { $0.signedOutAt == nil }
        guard let device = devices.first else { throw Self.nobody(found) }
        guard devices.count == 1 else {
            let names = devices.map(\.line).joined(separator: ", ")
            throw Failure(.usage, "any of these may have used \(found.tokenId), so name the one: \(names)")
        }
        if !shared.json { Output.complain("\(found.tokenId) was used by \(device.line).") }
        return device.deviceId
    }

    private static func nobody(_ token: IssuedToken) -> Failure {
        guard token.state != .signedOut else {
            return Failure(.failed, "the device that used \(token.tokenId) is signed out already")
        }
        let problem = "nobody has used \(token.tokenId), as far as is known; `jeton devices` lists what is signed in"
        return Failure(.failed, problem)
    }

    private func signOut(_ device: String, of account: String, _ agent: RPCClient) throws {
        var stages = StageAnswers(
            account: account,
            readsPassword: passwordStdin,
            opensBrowser: !noBrowser,
            undone: "this command has not signed the device out"
        )
        let request = SignOutDevice(
            account: account,
            deviceId: device,
            prompt: agentPrompt ? .agent : nil,
            terminal: Terminal.own
        )
        let result = try Self.call(request, agent, &stages)
        guard !shared.json else { return Output.say(json: result) }
        Output.say("\(PlainText.word(device)) is signed out.")
    }

    private static func call(
        _ request: SignOutDevice,
        _ agent: RPCClient,
        _ stages: inout StageAnswers
    ) throws -> Nothing {
        var request = request
        while true {
            do {
                return try agent.call(request)
            } catch {
                guard case .refused(let refusal) = error, refusal.kind == .authRequired else { throw error }
                do {
                    request.auth = try stages.answer(refusal)
                } catch {
                    // Somebody may have approved it meanwhile from elsewhere.
                    guard isGone(request, agent) else { throw error }
                    return Nothing()
                }
            }
        }
    }

    /// Whether the device is known to be signed in no more.
    private static func isGone(_ request: SignOutDevice, _ agent: RPCClient) -> Bool {
        do {
            let devices = try agent.call(ListDevices(account: request.account)).devices
            return !devices.contains { $0.deviceId == request.deviceId }
        } catch {
            // The user hears why it was not done here, and nothing of what is not known.
            return false
        }
    }
}
