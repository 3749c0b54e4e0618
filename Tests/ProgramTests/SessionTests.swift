import Foundation
import JetonAPI
import TestSupport
import Testing

/// A session of its own, for a bot or a test.
@Suite(.timeLimit(.minutes(5))) struct SessionTests {
    private struct Told: Decodable { var homeserver, user_id, device_id, access_token: String }

    private static func told(_ text: String) throws -> Told {
        try JSONDecoder().decode(Told.self, from: Data(text.utf8))
    }

    @Test(arguments: HomeserverKind.available)
    func `it is one on a new device, and the agent's is untouched`(kind: HomeserverKind) async throws {
        let (agent, user, homeserver) = try await signedIn(kind)
        let ended = try await agent.jeton(
            "session",
            "--password-stdin",
            "--device-name",
            "a rig",
            input: user.password + "\n"
        )
        #expect(ended.status == 0, "\(ended.errors)")
        let session = try Self.told(ended.output)
        #expect((session.user_id, session.homeserver) == (user.id, homeserver.address))
        let other = OtherClient(homeserver.address)
        #expect(try await other.whoAmI(session.access_token).body["user_id"] == user.id)
        let devices = try await agent.call(ListDevices()).devices
        #expect(devices.first { $0.deviceId == session.device_id }?.displayName == "a rig")
        #expect(devices.first(where: \.isCurrent)?.deviceId != session.device_id)
        try await agent.stop()
    }

    @Test(arguments: [("exit 0", 0), ("exit 9", 9), ("kill -KILL $$", 137), ("kill -TERM $$", 143)])
    func `an ephemeral one is signed out when the command ends, however it ends`(script: String, status: Int32)
        async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let ended = try await agent.jeton(
            "session",
            "--password-stdin",
            "--ephemeral",
            "--fd",
            "7",
            "--",
            "sh",
            "-c",
            #"cat <&"$MATRIX_SESSION_FD"; env >&2; cat /proc/$PPID/cmdline /proc/$$/cmdline >&2; \#(script)"#,
            input: user.password + "\n"
        )
        #expect(ended.status == status, "\(ended.errors)")
        let session = try Self.told(ended.output)
        #expect(try await OtherClient(homeserver.address).whoAmI(session.access_token).status == 401)
        #expect(ended.errors.contains("MATRIX_USER_ID=\(user.id)"))
        #expect(Canary.secrets(in: ended.errors).isEmpty)
        try await agent.stop()
    }

    @Test func `the command gets the session, what was open before, and no descriptor of ours`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let script = #"exec "$0" session --password-stdin --ephemeral --fd 7 -- ls -l /proc/self/fd 5</dev/zero"#
        let ended = try await run(
            "/bin/sh",
            ["-c", script, Programs.path("jeton")],
            environment: ["JETON_SOCKET": agent.socket],
            input: user.password + "\n"
        )
        #expect(ended.status == 0, "\(ended.errors)")
        let descriptors = ended.output.matches(of: /(\d+) -> (.*)/).map { ($0.1, $0.2) }
        #expect(descriptors.contains { $0 == ("5", "/dev/zero") })
        #expect(descriptors.contains { $0.0 == "7" && $0.1.hasPrefix("pipe:") })
        #expect(!ended.output.contains("eventpoll"), "\(ended.output)")
        #expect(!ended.output.contains("socket:"), "\(ended.output)")
        try await agent.stop()
    }

    @Test func `a signal goes to the command, and the device is signed out after it`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let folder = try ScratchFolder()
        let log = try folder.write("", to: "log")
        let password = try folder.write(user.password + "\n", to: "password")
        // A shell heeds a signal only between two commands.
        let script = #"trap 'echo asked >>"$0"; exit 5' TERM; cat <&3 >"$0.session"; while :; do sleep 0.1; done"#
        let running = try await RunningProgram(
            "/bin/sh",
            [
                "-c", #"exec "$0" "$@" <"$PASSWORD""#, Programs.path("jeton"), "session", "--password-stdin",
                "--ephemeral", "--socket", agent.socket, "--", "sh", "-c", script, log,
            ],
            environment: ["PASSWORD": password],
            log: log
        )
        let file = "\(log).session"
        try await eventually("it has its session") {
            (try? String(contentsOfFile: file, encoding: .utf8))?.hasSuffix("\n") == true
        }
        let session = try Self.told(try String(contentsOfFile: file, encoding: .utf8))
        let other = OtherClient(homeserver.address)
        #expect(try await other.whoAmI(session.access_token).status == 200)
        running.send(SIGTERM)
        #expect(try await running.ended() == 5)
        #expect(try String(contentsOfFile: log, encoding: .utf8).contains("asked"))
        #expect(try await other.whoAmI(session.access_token).status == 401)
        try await agent.stop()
    }

    @Test func `what cannot come to anything mints nothing`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        for arguments in [["--ephemeral"], ["--fd", "4"], ["--", "/nowhere/program"]] {
            let ended = try await run("jeton", ["session", "--socket", agent.socket] + arguments)
            #expect(ended.status == 64, "\(arguments): \(ended.errors)")
        }
        let onTerminal = try await onTerminal(["session", "--socket", agent.socket], dialogue: [])
        #expect(onTerminal.status == 64)
        #expect(onTerminal.output.contains("--show"))
        #expect(await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }

    @Test func `a token that is not taken is told of as one that may be used up`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let command = #"exec 3<<X; exec "$0" --homeserver "$1" -- true"# + "\nsyt_canary-token\nX\n"
        let ended = try await run(
            "/bin/sh",
            ["-c", command, Programs.path("jeton-session"), homeserver.address],
            environment: ["HOME": "/nonexistent"]
        )
        #expect(ended.status == 1)
        #expect(ended.errors.contains("may be used up"))
        #expect(Canary.secrets(in: ended.errors).isEmpty)
        let closed = #"exec 3<&-; exec "$0" --homeserver "$1""#
        let none = try await run("/bin/sh", ["-c", closed, Programs.path("jeton-session"), homeserver.address])
        #expect(none.errors.contains("no login token on descriptor 3"))
    }

    @Test func `how the command ended is known even where nobody is told of the ends of children`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let script = #"trap '' CHLD; exec "$0" session --password-stdin --socket "$1" -- sh -c 'exit 9'"#
        let ended = try await run(
            "/bin/sh",
            ["-c", script, Programs.path("jeton"), agent.socket],
            input: user.password + "\n"
        )
        #expect(ended.status == 9, "\(ended.errors)")
        try await agent.stop()
    }

    @Test func `a device may have any name`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let name = "--ephemeral"
        let ended = try await agent.jeton(
            "session",
            "--password-stdin",
            "--device-name=\(name)",
            input: user.password + "\n"
        )
        #expect(ended.status == 0, "\(ended.errors)")
        let session = try Self.told(ended.output)
        let devices = try await agent.call(ListDevices()).devices
        #expect(devices.first { $0.deviceId == session.device_id }?.displayName == name)
        try await agent.stop()
    }
}
