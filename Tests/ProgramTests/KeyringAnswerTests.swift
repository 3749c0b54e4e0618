import Foundation
import TestSupport
import Testing

/// What jeton-keyring answers beside keyrings that are not as they should be. With a real one: Tests/ServiceTests.
@Suite(.enabled(if: FakeKeyring.isPossible, "SKIPPED: python3-dbus and python3-gi are not installed"))
struct KeyringAnswerTests {
    private static let key = "canary-key-of-the-keyring-with-32-bytes-and-more"

    @Test(arguments: [
        ("none", key, ""), ("twins", key, ""),
        ("homeless", "error:no-default", "there is no default keyring"),
        ("locked", "error:locked", "the keyring is locked (the key is in there); unlock it"),
        ("half-locked", "error:locked", "the keyring is locked (the key is in there); unlock it"),
        ("locks", "error:locked", "the keyring is locked (GetSecret); unlock it"),
        ("closed", "error:locked", "the keyring is locked (the default keyring); unlock it"),
        ("prompts", "error:locked", "it asks before anything is put into it"),
        ("sleeps", "error:timeout", "the keyring did not answer within 3500 ms"),
        ("dies", "error:failed", "GetSecret: org.freedesktop.DBus.Error.NoReply"),
        ("encrypts", "error:failed", "OpenSession: org.freedesktop.DBus.Error.NotSupported"),
        ("forgets", "error:failed", "it does not have what was put into it"),
        ("short", "error:failed", "the key in there has 31 bytes"),
        ("empty", "error:failed", "the key in there has 0 bytes"),
        ("word", "error:failed", "the key in there has 4 bytes"),
        ("long", "error:failed", "the key in there has 9600 bytes"),
    ])
    func `the right key goes out, or a word for the agent and a sentence for the journal`(
        _ fault: String,
        _ answer: String,
        _ sentence: String
    ) async throws {
        let keyring = try await FakeKeyring(fault)
        var (took, ended) = try await keyring.ask()
        // A busy machine may be too slow for the keyring's time.
        for _ in 1...5 where ended.output == "error:timeout" && answer != ended.output {
            (took, ended) = try await keyring.ask()
        }
        #expect(ended.output == answer)
        #expect(ended.errors.isEmpty == sentence.isEmpty && (sentence.isEmpty || ended.errors.contains(sentence)))
        #expect(Canary.secrets(in: ended.errors).isEmpty)
        // The answer alone has four seconds; a machine that does much else may start the program late.
        #expect(took < .seconds(20))
        #expect(keyring.log == "ready\n", "the user is asked nothing")
        await keyring.end()
    }
}

/// A bus of its own, and a Secret Service on it that has a fault (see fake-keyring).
private struct FakeKeyring {
    private let folder: ScratchFolder
    private let bus: RunningProgram
    private let service: RunningProgram

    static let isPossible = {
        let python = Process()
        python.executableURL = URL(filePath: "/usr/bin/python3")
        python.arguments = ["-c", "import dbus, gi"]
        python.standardError = FileHandle.nullDevice
        guard (try? python.run()) != nil else { return false }
        python.waitUntilExit()
        return python.terminationStatus == 0
    }()

    init(_ fault: String) async throws {
        folder = try ScratchFolder()
        let settings = """
            <!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
             "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
            <busconfig><type>session</type><listen>unix:path=\(folder.file("bus"))</listen>
            <policy context="default"><allow own="*"/><allow send_destination="*"/><allow eavesdrop="false"/></policy>
            </busconfig>
            """
        let file = try folder.write(settings, to: "settings")
        let path = folder.file("bus")
        bus = try await RunningProgram(
            "/usr/bin/dbus-daemon",
            ["--config-file=\(file)", "--nofork", "--nopidfile"],
            log: try folder.write("", to: "bus-log")
        )
        try await eventually("the bus listens") { isListening(at: path) }
        service = try await RunningProgram(
            "\(Programs.repository)/Tests/TestSupport/fake-keyring",
            [fault],
            environment: ["DBUS_SESSION_BUS_ADDRESS": "unix:path=\(path)"],
            log: try folder.write("", to: "log")
        )
        try await eventually("the keyring is there") { log.contains("ready\n") }
    }

    var log: String { (try? String(contentsOfFile: folder.file("log"), encoding: .utf8)) ?? "" }

    /// What goes over the connection that systemd would have made. (Of a program that fails, socat drops the last words.)
    func ask() async throws -> (took: Duration, Ended) {
        let began = ContinuousClock.now
        let ended = try await run(
            "/usr/bin/socat",
            ["-t", "60", "-", "SYSTEM:\(Programs.path("jeton-keyring")); true"],
            environment: ["DBUS_SESSION_BUS_ADDRESS": "unix:path=\(folder.file("bus"))"]
        )
        return (began.duration(to: .now), ended)
    }

    func end() async {
        for program in [service, bus] {
            program.send(SIGKILL)
            _ = try? await program.ended()
        }
    }
}
