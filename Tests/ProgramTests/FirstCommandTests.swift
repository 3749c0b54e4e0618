import TestSupport
import Testing

/// What a newcomer types first.
@Suite struct FirstCommandTests {
    @Test func `promise 9: the demonstration tells its story to the end, and keeps its secrets`() async throws {
        let demo = try await run("jeton-demo", [])
        #expect(demo.status == 0, "\(demo.output)")
        #expect(demo.output.contains("A second client signs in"))
        #expect(demo.output.contains("\nDone."))
        #expect(Canary.secrets(in: demo.output).isEmpty)
    }

    @Test(arguments: [
        (["--help"], 0), (["--nonsense"], 64), (["--prefix", "relative"], 64), (["--demo", "--prefix", "/x"], 64),
    ])
    func `the installer takes only what it knows`(arguments: [String], status: Int) async throws {
        let ended = try await run("\(Programs.repository)/systemd/install", arguments)
        #expect(Int(ended.status) == status)
        #expect((ended.output + ended.errors).contains("Usage: systemd/install"))
    }

    @Test func `an agent that listens and never answers is waited for no longer than was said`() async throws {
        let folder = try ScratchFolder()
        let socket = folder.file("silent.sock")
        let silent = try await RunningProgram(
            "/usr/bin/socat",
            ["UNIX-LISTEN:\(socket),fork", "EXEC:sleep 30"],
            log: try folder.write("", to: "log")
        )
        try await eventually("it listens") { isListening(at: socket) }
        let waited = try await run("jeton", ["wait", "--timeout", "0.5", "--socket", socket])
        #expect(waited.status == 124)
        silent.send(15)
        _ = try await silent.ended()
    }
}
