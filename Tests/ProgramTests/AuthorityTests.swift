import Foundation
import JetonAPI
import TestSupport
import Testing

/// Homeservers whose certificate comes from an authority of the user's own.
@Suite(.timeLimit(.minutes(5))) struct AuthorityTests {
    @Test func `an authority that was exchanged counts after a reload, and the one before it no more`() async throws {
        let homeserver = try await DevHomeserverUnderTest()
        let user = try await homeserver.newUser()
        let agent = try AgentUnderTest(configuration: "{ca_file: 'ca.pem'}")
        agent.companion = homeserver
        let (own, other) = (try await authority("own", agent), try await authority("other", agent))
        let proxy = try await TLSProxy(own, to: homeserver.address, in: agent.folder)
        let login = LogIn(userId: user.id, homeserver: proxy.address, password: Secret(user.password))
        try agent.folder.write(try String(contentsOfFile: other, encoding: .utf8), to: "config/ca.pem")
        try await agent.start()
        for reloads in 1...2 {
            let refused = try await agent.refusal(of: login)
            #expect(refused.kind == .homeserverUnreachable && refused.data["stage"] == "tls", "\(refused)")
            // The same name, another file.
            try agent.folder.write(try String(contentsOfFile: own, encoding: .utf8), to: "config/ca.pem")
            try await reload(agent, 2 * reloads - 1)
            #expect(try await agent.call(login).account.homeserver == proxy.address)
            try agent.folder.write(try String(contentsOfFile: other, encoding: .utf8), to: "config/ca.pem")
            try await reload(agent, 2 * reloads)
        }
        #expect(try await agent.refusal(of: login).data["stage"] == "tls")
        try await agent.stop()
    }

    /// Lets the agent read its configuration anew, and waits until it has done so as often as that in all.
    private func reload(_ agent: AgentUnderTest, _ times: Int) async throws {
        agent.send(SIGHUP)
        try await eventually("it is read anew") {
            agent.logText.components(separatedBy: "the configuration was read anew").count == times + 1
        }
    }

    /// A certificate that is its own authority; its key lies beside it.
    private func authority(_ name: String, _ agent: AgentUnderTest) async throws -> String {
        let file = agent.folder.file("\(name).pem")
        let made = try await run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1", "-subj",
                "/CN=\(name)", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", file + ".key", "-out", file,
            ]
        )
        try #require(made.status == 0, "\(made.errors)")
        return file
    }
}

/// Speaks TLS before a homeserver that does not.
private final class TLSProxy: Sendable {
    let address: String
    private let socat: RunningProgram

    init(_ certificate: String, to homeserver: String, in folder: ScratchFolder) async throws {
        let log = try folder.write("", to: "socat.log")
        let listen = "OPENSSL-LISTEN:0,bind=127.0.0.1,fork,verify=0,cert=\(certificate),key=\(certificate).key"
        let target = homeserver.replacing("http://", with: "TCP:")
        socat = try await RunningProgram("/usr/bin/socat", ["-d", "-d", listen, target], log: log)
        var port = ""
        try await eventually("socat listens") {
            let text = try String(contentsOfFile: log, encoding: .utf8)
            port = text.firstMatch(of: /listening on .*:(\d+)/).map { String($0.1) } ?? ""
            return !port.isEmpty
        }
        address = "https://127.0.0.1:\(port)"
    }

    deinit { socat.send(SIGTERM) }
}
