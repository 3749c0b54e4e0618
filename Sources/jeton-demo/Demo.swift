internal import DevHomeserver
internal import FoundationEssentials
internal import JetonAPI
internal import MatrixClient
internal import NIOPosix

/// The whole of Jeton in a few seconds: a homeserver, the agent, and a second client that signs in without a password.
@main
enum Demo {
    static func main() async {
        let story = Story()
        do {
            try await tell(story)
            story.end("Done. On your own account it is: `jeton login @you:example.org`, then `jeton token`.")
        } catch {
            story.fail(error)
            exit(1)
        }
    }

    private static func tell(_ story: Story) async throws {
        let homeserver = DevHomeserver()
        await homeserver.add(user: "alice", password: "correct horse")
        let address = try await homeserver.start()
        story.step("A homeserver runs at \(address), only for this demonstration. It knows one user, @alice:localhost.")
        let folder = try ScratchFolder()
        defer { folder.remove() }
        let programs = try Programs(folder: folder.path)
        try await programs.whileAgentRuns {
            try await programs.jeton("wait", "--timeout", "10")
            story.step("The agent `jetond` runs. Other programs reach it at \(programs.socket).")
            try await signIn(programs, address, story)
            let token = try await mint(programs, story)
            try await redeem(token, address, story)
            try await meetLimit(programs, story)
            try await programs.jeton("logout")
            story.step("`jeton logout`: the agent's own session is over. The second client stays signed in.")
        }
        await homeserver.stop()
    }

    private static func signIn(_ programs: Programs, _ address: String, _ story: Story) async throws {
        let answer = try await programs.jeton(
            "login",
            "@alice:localhost",
            "--homeserver",
            address,
            "--password-stdin",
            input: "correct horse"
        )
        story.step("`jeton login` gives Alice's password to the homeserver, once; the agent keeps the session.", answer)
    }

    private static func mint(_ programs: Programs, _ story: Story) async throws -> Secret {
        let answer = try await programs.jeton(
            "token",
            "--json",
            "--purpose",
            "the second client",
            "--password-stdin",
            input: "correct horse"
        )
        let token = try JSONCoding.decoder().decode(GenerateLoginToken.Result.self, from: Data(answer.utf8))
        story.step(
            "`jeton token` asks for a login token. The homeserver wants to know that it is Alice, so she confirms with "
                + "her password.",
            "Minted \(token.loginToken.reveal().prefix(8))…, good for one sign-in within \((token.expiresInMs + 999) / 1000) s"
        )
        return token.loginToken
    }

    /// The other client: it has never seen the password.
    private static func redeem(_ token: Secret, _ address: String, _ story: Story) async throws {
        let transport = try HTTPTransport(on: .singletonMultiThreadedEventLoopGroup)
        do {
            let client = MatrixClient(homeserver: try HomeserverAddress(address), transport: transport)
            let session = try await client.logIn(.loginToken(token), deviceName: "The second client")
            let owner = try await client.whoAmI(session.accessToken)
            story.step(
                "A second client signs in with that token alone (m.login.token), and asks the homeserver who it is.",
                "Signed in as \(owner.userId), on a device of its own, \(session.deviceId)"
            )
            do {
                _ = try await client.logIn(.loginToken(token))
                throw Surprise("the login token worked twice")
            } catch MatrixError.refused(let refusal) {
                story.step(
                    "Somebody who has seen the token tries it again: too late.",
                    "The homeserver answers \(refusal.status): \(refusal.error ?? "")"
                )
            }
        } catch {
            try? await transport.shutdown()
            throw error
        }
        try await transport.shutdown()
    }

    private static func meetLimit(_ programs: Programs, _ story: Story) async throws {
        let refusal = try await programs.failure("token", "--password-stdin", input: "correct horse")
        guard refusal.status == 5 else { throw Surprise("the limit did not hold: \(refusal.text)") }
        story.step(
            "Another token at once? One a minute is the limit, so the agent refuses before it bothers anybody.",
            refusal.text
        )
    }
}
