import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// `jeton token --copy` where there is no desktop: by the terminal itself, which is read here.
@Suite(.timeLimit(.minutes(5))) struct TerminalCopyTests {
    /// What a terminal was asked to copy, one after the other.
    private func copied(_ screen: String) -> [String] {
        screen.matches(of: /\x1b\]52;c?;([A-Za-z0-9+\/=]*)\x07/).map { found in
            Data(base64Encoded: String(found.1)).map { String(decoding: $0, as: UTF8.self) } ?? "no base64"
        }
    }

    /// What passes through to the terminal behind a program that stands between.
    private func passedOn(_ screen: String, by program: String) -> String {
        switch program {
        case "tmux":
            screen.matches(of: /\x1bPtmux;((?:\x1b\x1b|[^\x1b])*)\x1b\\/).map {
                $0.1.replacing("\u{1B}\u{1B}", with: "\u{1B}")
            }
            .joined()
        case "screen":
            screen.matches(of: /\x1bP((?:[^\x1b]|\x1b[^\\P])*)\x1b\\/).map { String($0.1) }.joined()
        default: screen.replacing(/\x1bP(?:[^\x1b]|\x1b[^\\])*\x1b\\/, with: "")
        }
    }

    @Test(
        arguments: [
            (["TERM": "xterm-256color"], "nobody"), (["TERM": "screen.xterm", "STY": "1.pts"], "screen"),
            (["TERM": "screen-256color"], "nobody"), (["TERM": "screen-256color"], "screen"),
            (["TERM": "tmux-256color"], "nobody"), (["TERM": "tmux-256color"], "tmux"),
        ]
    )
    func `the terminal is asked to copy it, also through tmux and screen, and to forget it at Ctrl-C`(
        environment: [String: String],
        program: String
    ) async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let shown = try await onTerminal(
            ["token", "--copy", "--socket", agent.socket],
            dialogue: [("Password of", user.password), ("Ctrl-C clears it now.", "\u{3}")],
            environment: environment
        )
        // As whatever Ctrl-C ends.
        #expect(shown.status == 254, "\(shown.output)")
        let copied = copied(passedOn(shown.output, by: program))
        #expect(copied.count == 3 && copied.last?.isEmpty == true && copied.dropFirst().first == " ", "\(copied)")
        #expect(shown.output.contains("The clipboard is cleared."))
        let session = try await OtherClient(homeserver.address).logIn(token: copied.first ?? "")
        #expect(session.body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test func `it is cleared once it was used, and who has used it is told where that is waited for`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let scratch = try ScratchFolder()
        let screen = scratch.file("screen")
        let arguments = ["token", "--copy", "--wait-redeemed", "--socket", agent.socket]
        async let shown = onTerminal(
            arguments,
            dialogue: [("Password of", user.password)],
            environment: ["TERM": "xterm", "SCREEN_FILE": screen]
        )
        func seen() -> String { (try? String(contentsOfFile: screen, encoding: .utf8)) ?? "" }
        try await eventually("it is copied") { copied(seen()).count == 1 }
        let token = try #require(copied(seen()).first)
        try await agent.expectLook(at: user, homeserver)
        let device = try #require(try await OtherClient(homeserver.address).logIn(token: token).body["device_id"])
        let ended = try await shown
        #expect(ended.status == 0 && copied(ended.output).last?.isEmpty == true)
        #expect(ended.output.contains("Signed in: \(device)"))
        try await agent.stop()
    }

    @Test func `it is cleared when its life is over`() async throws {
        let (agent, user, _) = try await signedInAtDev { $0.loginTokenLifetime = .seconds(2) }
        let shown = try await onTerminal(
            ["token", "--copy", "--socket", agent.socket],
            dialogue: [("Password of", user.password)],
            environment: ["TERM": "xterm"]
        )
        #expect(shown.status == 0 && copied(shown.output).count == 3, "\(shown.output)")
        try await agent.stop()
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/tmux"), "SKIPPED: no tmux"))
    func `a real tmux passes it on, and keeps nothing`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let scratch = try ScratchFolder()
        let password = try scratch.write(user.password + "\n", to: "password")
        // tmux shows nothing any more of what has ended: it stays until that was read.
        let steps = [["prompt": "Ctrl-C clears", "answer": "\u{3}"], ["prompt": "LEFT: 0 buffers", "answer": "over"]]
        let plan = try scratch.write(
            String(decoding: try JSONSerialization.data(withJSONObject: steps), as: UTF8.self),
            to: "plan.json"
        )
        let jeton = "\(Programs.path("jeton")) token --copy --password-stdin --socket \(agent.socket) <\(password)"
        let wait = "until [ \"$line\" = over ]; do read line; done"
        let command = "trap : INT; \(jeton); echo LEFT: $(tmux list-buffers | wc -l) buffers; \(wait)"
        let tmux = ["/usr/bin/tmux", "-S", scratch.file("tmux"), "-f", "/dev/null", "new-session", command]
        let shown = try await run(
            "\(Programs.repository)/Tests/TestSupport/on-terminal",
            [plan] + tmux,
            environment: [
                "TERM": "xterm-256color", "TERMINAL_SIZE": "40x120", "HOME": scratch.path, "LC_ALL": "C.UTF-8",
            ]
        )
        let copied = copied(shown.output)
        #expect(copied.count == 2 && copied.last == " ", "\(copied) \(shown.output)")
        #expect(shown.output.contains("LEFT: 0 buffers"))
        #expect(try await OtherClient(homeserver.address).logIn(token: copied.first ?? "").body["user_id"] == user.id)
        try await agent.stop()
    }
}
