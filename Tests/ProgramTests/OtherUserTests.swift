import Foundation
import TestSupport
import Testing

/// Where file permissions do not keep others out, the agent does.
@Suite(.enabled(if: geteuid() == 0, "SKIPPED: only root can connect as somebody else"))
struct OtherUserTests {
    @Test func `promise 1: another user is refused on both sockets, and told why`() async throws {
        let agent = try AgentUnderTest()
        let restricted = agent.folder.file("run/restricted.sock")
        try agent.folder.write("{restricted_socket: '\(restricted)'}", to: "config/config.json5")
        try await agent.start()
        for path in [agent.folder.path, agent.folder.file("run"), agent.socket, restricted] {
            try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: path)
        }
        for socket in [agent.socket, restricted] {
            // They say nothing: the agent does not wait for that, nor do we where it says nothing either.
            let connect = ["/usr/bin/socat", "-T20", "-u", "UNIX-CONNECT:\(socket)", "-"]
            let theirs = try await run("/usr/bin/setpriv", ["--reuid=65534", "--clear-groups"] + connect)
            #expect(theirs.output.contains(#""kind":"forbidden""#) && !theirs.output.contains("result"), "\(theirs)")
            #expect(theirs.output.split(separator: "\n").count == 1)
        }
        for socket in [agent.socket, restricted] {
            #expect(try await Self.ping(socket) == #"{"jsonrpc":"2.0","id":1,"result":{}}"# + "\n")
        }
        try await agent.stop()
    }

    private static func ping(_ socket: String) async throws -> String {
        let request = #"{"jsonrpc":"2.0","id":1,"method":"agent.ping"}"# + "\n"
        return try await run("/usr/bin/socat", ["-t20", "-", "UNIX-CONNECT:\(socket)"], input: request).output
    }
}
