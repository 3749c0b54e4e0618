import DevHomeserver
import Foundation
import JetonAPI
import TestSupport
import Testing

/// A login token as a picture: what a camera reads signs in.
@Suite(
    .enabled(
        if: ["zbarimg", "tmux"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") },
        "SKIPPED: zbarimg or tmux is not installed"
    )
)
struct QRCodeTests {
    /// What zbar reads from a picture.
    private func read(_ picture: String) async throws -> String {
        let read = try await run("/usr/bin/zbarimg", ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture])
        #expect(read.status == 0, "no code in \(picture): \(read.errors)")
        return read.output.trimmingCharacters(in: .newlines)
    }

    private func token(in link: String, of user: TestUser) throws -> String {
        let url = try #require(URLComponents(string: link))
        #expect(url.path == "/login/localhost/")
        return try #require(url.queryItems?.first { $0.name == "loginToken" }?.value)
    }

    @Test func `a camera reads the same link from a dark terminal and a light one, and it signs in`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let scratch = try ScratchFolder()
        let password = try scratch.write(user.password + "\n", to: "password")
        let socket = scratch.file("tmux")
        let environment = ["HOME": scratch.path, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"]
        let command = "\(Programs.path("jeton")) token --qr --password-stdin --socket \(agent.socket) <\(password)"
        let started = try await run(
            "/usr/bin/tmux",
            ["-S", socket, "-f", "/dev/null", "new-session", "-d", "-x", "130", "-y", "60", "\(command); exec cat"],
            environment: environment
        )
        #expect(started.status == 0, "\(started.errors)")
        func capture() async throws -> String {
            try await run("/usr/bin/tmux", ["-S", socket, "capture-pane", "-e", "-p", "-N"], environment: environment)
                .output
        }
        try await eventually("the code is on the screen") { try await capture().contains("--qr-text") }
        let screen = try await capture()
        _ = try await run("/usr/bin/tmux", ["-S", socket, "kill-server"], environment: environment)
        var links: [String] = []
        for theme in ["dark", "light"] {
            let picture = scratch.file("\(theme).pgm")
            let shot = try await run(
                "\(Programs.repository)/Tests/TestSupport/screenshot",
                [theme, picture],
                input: screen
            )
            #expect(shot.status == 0, "\(shot.errors)")
            links.append(try await read(picture))
        }
        let link = try #require(links.first)
        #expect(Set(links) == [link] && link.hasPrefix("https://app.cinny.in/"))
        let session = try await OtherClient(homeserver.address).logIn(token: try token(in: link, of: user))
        #expect(session.status == 200 && session.body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test(
        .enabled(
            if: TestDisplay.isAvailable(.x11)
                && ["xterm", "scrot"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") },
            "SKIPPED: Xvfb, xterm or scrot is not installed"
        ),
        arguments: [("black", "white", "8"), ("white", "black", "8"), ("black", "white", "13")]
    )
    func `a camera before the screen of a real terminal reads it`(paper: String, ink: String, size: String) async throws
    {
        let (agent, user, homeserver) = try await signedInAtDev()
        let scratch = try ScratchFolder()
        let display = try await TestDisplay(.x11)
        let password = try scratch.write(user.password + "\n", to: "password")
        let command = "\(Programs.path("jeton")) token --qr --password-stdin --socket \(agent.socket) <\(password)"
        let look = ["-bg", paper, "-fg", ink, "-fa", "DejaVu Sans Mono", "-fs", size, "-geometry", "100x40"]
        let environment = display.environment.merging(["HOME": scratch.path, "LC_ALL": "C.UTF-8"]) { $1 }
        let terminal = try await RunningProgram(
            "/usr/bin/xterm",
            look + ["-e", "/bin/sh", "-c", "\(command); exec cat"],
            environment: environment,
            log: try scratch.write("", to: "log")
        )
        let picture = scratch.file("screen.png")
        var link = ""
        try await eventually("the code is on the screen") {
            guard try await run("/usr/bin/scrot", ["-o", picture], environment: environment).status == 0 else {
                return false
            }
            let reading = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", picture]
            link = try await run("/usr/bin/zbarimg", reading).output.trimmingCharacters(in: .newlines)
            return !link.isEmpty
        }
        terminal.send(SIGTERM)
        let session = try await OtherClient(homeserver.address).logIn(token: try token(in: link, of: user))
        #expect(session.status == 200 && session.body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test func `what no code holds, or no terminal shows, is noticed before anything is minted`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let long = "https://chat.example.org/" + String(repeating: "x", count: 2900)
        let tooLong = try await run(
            "jeton",
            ["token", "--qr", "--show", "--cinny", long, "--password-stdin"],
            environment: ["JETON_SOCKET": agent.socket],
            input: user.password + "\n"
        )
        #expect(tooLong.status == 64 && tooLong.errors.contains("nothing was minted"), "\(tooLong.errors)")
        let narrow = try await onTerminal(
            ["token", "--qr", "--socket", agent.socket],
            dialogue: [("Password of", user.password)],
            size: "24x30"
        )
        #expect(narrow.status == 1 && narrow.output.contains("the terminal has 30"), "\(narrow.output)")
        #expect(await homeserver.mintRequests(of: user) == 0)
        try await agent.stop()
    }

    @Test func `a picture file is the user's alone, and one that is there stays as it is`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let scratch = try ScratchFolder()
        let picture = scratch.file("code.png")
        let arguments = ["token", "--png", picture, "--cinny", "https://chat.example.org/", "--password-stdin"]
        let environment = ["JETON_SOCKET": agent.socket]
        let made = try await run("jeton", arguments, environment: environment, input: user.password + "\n")
        #expect(made.status == 0 && made.output.isEmpty, "\(made.errors)")
        let mode = try FileManager.default.attributesOfItem(atPath: picture)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        let link = try await read(picture)
        #expect(link.hasPrefix("https://chat.example.org/login/localhost/?loginToken="))
        #expect(try await OtherClient(homeserver.address).logIn(token: try token(in: link, of: user)).status == 200)

        let requests = await homeserver.mintRequests(of: user)
        let again = try await run("jeton", arguments, environment: environment, input: user.password + "\n")
        #expect(again.status == 1 && again.errors.contains("name another one"))
        #expect(await homeserver.mintRequests(of: user) == requests)
        // Where nothing is minted, no empty file is left.
        let other = scratch.file("other.png")
        let limited = try await run("jeton", ["token", "--png", other], environment: environment)
        #expect(limited.status == 5)
        #expect(!FileManager.default.fileExists(atPath: other))
        try await agent.stop()
    }

    @Test func `as text it names the homeserver, and where nobody would scan it nothing is minted`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let refused = try await agent.jeton("token", "--qr", "--password-stdin", input: user.password + "\n")
        #expect(refused.status == 64 && refused.errors.contains("--show"))
        for wrong in [["--qr-text"], ["--qr", "--json"], ["--qr", "--cinny", "chat.example.org"]] {
            #expect(try await run("jeton", ["token"] + wrong, environment: ["JETON_SOCKET": agent.socket]).status == 64)
        }
        #expect(await homeserver.mintRequests(of: user) == 0)
        let drawn = try await agent.jeton(
            "token",
            "--qr",
            "--qr-text",
            "--show",
            "--password-stdin",
            input: user.password + "\n"
        )
        #expect(drawn.status == 0 && !drawn.output.contains("\u{1B}"), "\(drawn.errors)")
        // Ink on paper, as no terminal is there to say what is dark.
        let scratch = try ScratchFolder()
        let picture = scratch.file("text.pgm")
        let screenshot = "\(Programs.repository)/Tests/TestSupport/screenshot"
        #expect(try await run(screenshot, ["light", picture], input: drawn.output).status == 0)
        let lines = try await read(picture).split(separator: "\n")
        #expect(lines.count == 4 && lines[1] == "Homeserver: \(homeserver.address)" && lines[2] == "User: \(user.id)")
        let token = String(lines[3].dropFirst("Login token: ".count))
        #expect(try await OtherClient(homeserver.address).logIn(token: token).body["user_id"] == user.id)
        try await agent.stop()
    }

    @Test func `who waits for the redemption is told of it, and of what the new session lacks`() async throws {
        let (agent, user, homeserver) = try await signedInAtDev()
        let scratch = try ScratchFolder()
        let log = try scratch.write("", to: "log")
        let password = try scratch.write(user.password + "\n", to: "password")
        let waiting = try await RunningProgram(
            "/bin/sh",
            ["-c", "exec \(Programs.path("jeton")) token --wait-redeemed --password-stdin <\(password)"],
            environment: ["JETON_SOCKET": agent.socket],
            log: log
        )
        func said() throws -> [Substring] { try String(contentsOfFile: log, encoding: .utf8).split(separator: "\n") }
        try await eventually("the token is printed") { try said().count == 2 }
        try await agent.expectLook(at: user, homeserver)
        let session = try await OtherClient(homeserver.address).logIn(token: String(try said()[1])).body
        #expect(try await waiting.ended() == 0)
        let text = try said().dropFirst(2).joined(separator: "\n")
        #expect(text.contains("Signed in: \(session["device_id"] ?? "none")"))
        #expect(text.contains("jeton revoke --token t-"))
        #expect(text.contains("not verified for end-to-end encryption"))
        try await agent.stop()
    }
}
