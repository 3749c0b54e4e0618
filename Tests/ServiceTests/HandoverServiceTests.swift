import DevHomeserver
import Foundation
import TestSupport
import Testing

/// Handing over from within the sandbox: the kernel's tables of sockets can be seen there, and whose they are.
@Suite(.needsUserManager) struct HandoverServiceTests {
    @Test func `the installed stand-in has a client of the user's signed in, and nobody else's`() async throws {
        let agent = try await InstalledAgent()
        let home = agent.user.home
        for name in ["fake-pinentry", "waiting-client"] {
            let script = try String(contentsOfFile: "\(Programs.repository)/Tests/TestSupport/\(name)", encoding: .utf8)
            try await agent.user.write(script, to: "\(home)/pinentry/\(name)")
            try await agent.user.say("chmod", "+x", "\(home)/pinentry/\(name)")
        }
        try await agent.user.write("ok", to: "\(home)/pinentry/plan")
        try await agent.user.write("", to: "\(home)/pinentry/log")
        try await agent.user.write("{pinentry: '\(home)/pinentry/fake-pinentry'}", to: agent.configuration)
        try await agent.install()
        let homeserver = try await DevHomeserverUnderTest(.unasking) { $0.mintInterval = .zero }
        let somebody = try await agent.signIn(at: homeserver)
        func address(_ port: Int) -> String {
            "\(homeserver.address)/_matrix/client/r0/login/sso/redirect?redirectUrl=http://localhost:\(port)/"
        }

        let output = "\(home)/pinentry/client"
        try await agent.user.say(
            "systemd-run",
            "--user",
            "--quiet",
            "--collect",
            "--property=StandardOutput=file:\(output)",
            "\(home)/pinentry/waiting-client",
            "127.0.0.1",
            "0",
            "status:200"
        )
        var port: Int?
        try await eventually("the client listens") {
            port = Int(try await agent.user.run(["head", "-n1", output]).output.trimmingCharacters(in: .newlines))
            return port != nil
        }
        // This process is another user's there.
        let other = try await WaitingClient()
        let refused = try await agent.jeton("handover", address(other.port), "--agent-prompt")
        #expect(refused.status == 4, "\(refused.errors)")
        #expect(refused.errors.contains("another user"))
        #expect(await homeserver.server.seenRequests.count { $0.path.hasSuffix("/get_token") } == 0)

        // By the stand-in it is told where one looks for what went wrong behind a client's back.
        let refusedLater = try await agent.user.run(["\(home)/.local/bin/jeton-browser", address(other.port)])
        #expect(refusedLater.status == 0, "\(refusedLater.errors)")
        try await eventually("the journal has it") {
            try await agent.journal("SYSLOG_IDENTIFIER=jeton-browser").last?["MESSAGE"]?.contains("another user")
                == true
        }
        #expect(try other.requests().isEmpty)

        // As clients of Qt's start it: they leave it to whoever looks after orphans.
        let opened = try await agent.user.run([
            "\(home)/.local/bin/jeton", "exec", "--browser", "--", "systemd-run", "--user", "--wait", "--collect",
            "--property=KillMode=process", "--setenv=JETON_BROWSER_FOR", "\(home)/.local/bin/jeton-browser",
            address(port ?? 0),
        ])
        #expect(opened.status == 0, "\(opened.errors)")
        var token: String?
        try await eventually("the client is signed in") {
            let heads = try await agent.user.run(["cat", output]).output
            token = heads.firstMatch(of: /GET \/\?loginToken=([^ ]+) HTTP/).map { String($0.1) }
            return token != nil
        }
        let question = try await agent.user.say("cat", "\(home)/pinentry/log")
        #expect(question.contains("Waits at: localhost port \(port ?? 0)"))
        #expect(question.contains(somebody.id))
        #expect(question.contains("“sign-in of systemd-run”"), "\(question)")
        #expect(try await OtherClient(homeserver.address).logIn(token: token ?? "").body["user_id"] == somebody.id)
        try await agent.lookForSecretsInTheJournal()
    }
}
