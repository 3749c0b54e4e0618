import Foundation
import JetonAPI
import TestSupport
import Testing

/// The programs and commands that the documentation shows are run as they stand there.
@Suite struct ExampleTests {
    @Test(arguments: ["login-token.sh", "login-token.py"])
    func `a client in another language mints a login token`(name: String) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let environment = ["JETON_SOCKET": agent.socket]
        let program = "\(Programs.repository)/Tests/examples/\(name)"
        let minted = try await run(program, ["a test"], environment: environment, input: user.password + "\n")
        #expect(minted.status == 0, "\(minted.errors)")
        let token = minted.output.trimmingCharacters(in: .whitespacesAndNewlines)
        #expect(try await OtherClient(homeserver.address).logIn(token: token).body["user_id"] == user.id)
        #expect(try await agent.call(ListLoginTokens()).tokens.first?.purpose == "a test")
        // Its limit is told too, and not taken for a token.
        let limited = try await run(program, ["a test"], environment: environment, input: user.password + "\n")
        #expect(limited.status == 1)
        #expect(limited.output.isEmpty)
        #expect(limited.errors.contains("try again in"))
        try await agent.stop()
    }

    @Test func `the README's lines for socat do what they say`() async throws {
        let (agent, user, _) = try await signedInAtDev()
        let readme = try String(contentsOfFile: "\(Programs.repository)/README.md", encoding: .utf8)
        let lines = readme.split(separator: "\n").filter { $0.hasPrefix("    ") && $0.contains("socat") }
        #expect(lines.count == 2)
        let runtime = try ScratchFolder()
        try FileManager.default.createDirectory(atPath: runtime.file("jeton"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(
            atPath: runtime.file("jeton/agent.sock"),
            withDestinationPath: agent.socket
        )
        for line in lines {
            let ran = try await run("/bin/sh", ["-c", String(line)], environment: ["XDG_RUNTIME_DIR": runtime.path])
            #expect(ran.status == 0, "\(ran.errors)")
            #expect(ran.output.contains(user.id), "\(ran.output)")
        }
        try await agent.stop()
    }
}
