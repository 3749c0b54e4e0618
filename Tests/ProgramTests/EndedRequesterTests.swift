import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// Connections that outlive the process which made them: its child goes on, and nobody can tell what that is.
@Suite struct EndedRequesterTests {
    /// Connects, leaves the connection to a child of the process that did, and lets that send its lines once it is alone.
    private static let orphan = """
        import os, socket, sys
        gone, over = os.pipe(), os.pipe()
        parent = os.fork()
        if parent == 0:
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(sys.argv[1])
            if os.fork() != 0:
                os._exit(0)
            os.close(gone[1])
            os.read(gone[0], 1)
            answers = connection.makefile()
            for line in sys.argv[2:]:
                connection.sendall(line.encode() + b"\\n")
                print(answers.readline(), end="", flush=True)
            os._exit(0)
        os.waitpid(parent, 0)
        os.close(gone[1])
        os.close(over[1])
        os.read(over[0], 1)
        """

    /// What an orphan is answered to each call.
    private static func answers(at socket: String, _ calls: [(method: String, params: String)]) async throws
        -> [String]
    {
        let lines = calls.map { #"{"jsonrpc":"2.0","id":1,"method":"\#($0.method)","params":\#($0.params)}"# }
        let ended = try await run("/usr/bin/python3", ["-c", orphan, socket] + lines)
        try #require(ended.status == 0, "\(ended.errors)")
        return ended.output.split(separator: "\n").map { String($0) }
    }

    @Test func `who has ended gets nothing that a user has to agree to, on both sockets`() async throws {
        let prompt = try await PromptUnderTest()
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let user = try await homeserver.newUser()
        let agent = try AgentUnderTest(arguments: ["--prompt-socket", prompt.socket])
        let restricted = agent.folder.file("run/restricted.sock")
        try agent.folder.write("{restricted_socket: '\(restricted)'}", to: "config/config.json5")
        try await agent.start()
        agent.companion = homeserver
        try await agent.logIn(user, at: homeserver.address)
        _ = try await agent.call(LockAgent())
        let client = "http%3A%2F%2Flocalhost%3A9%2F"
        let address = "\(homeserver.address)/_matrix/client/v3/login/sso/redirect?redirectUrl=\(client)"
        let refused = try await Self.answers(
            at: agent.socket,
            [
                ("agent.unlock", "{}"), ("login_token.generate", #"{"purpose":"ghost"}"#),
                ("login_token.hand_over", #"{"sso_url":"\#(address)"}"#), ("device.sign_out", #"{"device_id":"ABC"}"#),
                ("device.sign_out", #"{"device_id":"ABC","prompt":"agent"}"#),
                ("consent.approve", #"{"consent_id":"c-1"}"#), ("agent.ping", "{}"),
            ]
        )
        let far = try await Self.answers(
            at: restricted,
            [("login_token.generate", #"{"account":"\#(user.id)"}"#), ("agent.ping", "{}")]
        )
        for answers in [refused, far] {
            #expect(answers.last == #"{"jsonrpc":"2.0","id":1,"result":{}}"#)
            for answer in answers.dropLast() {
                #expect(answer.contains("The process that made this connection has ended"), "\(answer)")
                #expect(answer.contains(#""kind":"forbidden""#), "\(answer)")
            }
        }
        #expect(refused.count == 7 && far.count == 2)
        #expect(prompt.questions == 0)
        #expect(await homeserver.mintRequests(of: user) == 0)
        #expect(try await agent.call(GetAgentStatus()).lockedBy == [.user])
        #expect(try await agent.call(ListLoginTokens()).tokens.isEmpty)
        try await prompt.isQuiet()
        try await agent.stop()
    }
}
