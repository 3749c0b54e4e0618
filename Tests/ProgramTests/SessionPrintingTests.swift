import Foundation
import JetonAPI
import TestSupport
import Testing

/// A session that is to be printed: where nobody can have read it, no device stays signed in that nobody knows.
@Suite(.timeLimit(.minutes(5))) struct SessionPrintingTests {
    private static let name = "a rig"

    private static func isSignedIn(_ agent: AgentUnderTest) async throws -> Bool {
        try await agent.call(ListDevices()).devices.contains { $0.displayName == name }
    }

    private static let session = #""$0" session --password-stdin --device-name "a rig" --socket "$1""#

    @Test(arguments: [
        ("exec \(session) >/dev/full", "signed out again"), ("exec \(session) >&-", "nothing was minted"),
        ("{ \(session); } | true", "signed out again"),
    ])
    func `what cannot be printed is signed out again, or not begun`(script: String, told: String) async throws {
        let (agent, user, _) = try await signedInAtDev()
        let ended = try await run(
            "/bin/sh",
            ["-c", script, Programs.path("jeton"), agent.socket],
            input: user.password + "\n"
        )
        #expect(ended.errors.contains(told), "\(ended.errors)")
        #expect(Canary.secrets(in: ended.errors).isEmpty)
        #expect(try await !Self.isSignedIn(agent))
        try await agent.stop()
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func `and so is what nobody has read yet when a signal comes`(signal: Int32) async throws {
        let (agent, user, _) = try await signedInAtDev()
        let folder = try ScratchFolder()
        let log = try folder.write("", to: "log")
        try folder.write(user.password + "\n", to: "password")
        // A pipe that is full already.
        let script = #"""
            mkfifo "$2/pipe"; exec 4<>"$2/pipe"; head -c 65536 /dev/zero >&4
            exec \#(Self.session) >&4 <"$2/password"
            """#
        let running = try await RunningProgram(
            "/bin/sh",
            ["-c", script, Programs.path("jeton"), agent.socket, folder.path],
            log: log
        )
        try await eventually("it is signed in") { try await Self.isSignedIn(agent) }
        running.send(signal)
        #expect(try await running.ended() == 128 + signal)
        #expect(try await !Self.isSignedIn(agent))
        try await agent.stop()
    }
}
