import Foundation
import JetonAPI
import Testing

@testable import Assuan

/// A question and a scripted pinentry, without an agent: what is believed of what it says.
@Suite(.timeLimit(.minutes(5))) struct PinentryConversationTests {
    /// What came of a question.
    private struct Outcome {
        var answer: PromptAnswer?
        /// What the pinentry was told.
        var log: String
    }

    private static func ask(
        _ plan: String,
        _ kind: PromptQuestion.Kind = .confirm,
        terminal: CallerTerminal? = nil,
        deadlineMs: Int = 60_000
    ) throws -> Outcome {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "jeton-pinentry-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        let script = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "TestSupport/fake-pinentry")
        let program = folder.appending(path: "fake-pinentry")
        try files.copyItem(at: script, to: program)
        try Data(plan.utf8).write(to: folder.appending(path: "plan"))
        try Data().write(to: folder.appending(path: "log"))
        var ends: [CInt] = [0, 0]
        let stream = CInt(SOCK_STREAM.rawValue)
        guard unsafe socketpair(AF_UNIX, stream, 0, &ends) == 0 else { throw CocoaError(.fileWriteUnknown) }
        defer { for end in ends { close(end) } }
        let question = PromptQuestion(
            kind,
            account: "@alice:example.org",
            purpose: "grün",
            requester: nil,
            terminal: terminal,
            deadlineMs: deadlineMs
        )
        let answer = Pinentry(program.path, environment: ["PATH": "/usr/bin:/bin"]).ask(question, for: ends[0])
        let log = try String(contentsOf: folder.appending(path: "log"), encoding: .utf8)
        return Outcome(answer: answer, log: log)
    }

    private static func detail(_ outcome: Outcome) -> String {
        guard case .unavailable(let detail)? = outcome.answer else { return "\(String(describing: outcome.answer))" }
        return detail
    }

    @Test func `what is said before it was asked is no answer`() throws {
        let outcome = try Self.ask("early ok")
        #expect(Self.detail(outcome).hasSuffix("says what no pinentry says"))
        #expect(!outcome.log.contains("CONFIRM"))
    }

    @Test func `a yes that brings along what was never asked for is no yes`() throws {
        #expect(Self.detail(try Self.ask("data")).hasSuffix("says what no pinentry says"))
    }

    @Test func `where the words cannot be shown nothing is asked`() throws {
        let outcome = try Self.ask("no-words ok")
        #expect(Self.detail(outcome).hasSuffix("refuses the words of the question"))
        #expect(!outcome.log.contains("CONFIRM"))
    }

    @Test func `one for terminals alone is asked nothing where there is none: it would say no by itself`() throws {
        let outcome = try Self.ask("tty cancel")
        #expect(Self.detail(outcome).contains("asks on a terminal alone; there is neither a display nor a terminal"))
        #expect(!outcome.log.contains("CONFIRM"))
    }

    @Test func `a terminal without our letters gets the question in ASCII`() throws {
        let outcome = try Self.ask("no-locale ok")
        #expect(outcome.answer == .agreed(nil))
        #expect(outcome.log.contains("own words: \"gr?n\"\n"))
    }

    @Test(arguments: [("ok", true), ("curses ok", false), ("tty ok", false)])
    func `only one on the terminal has it put back, and what was typed meanwhile dropped`(
        _ plan: String,
        keepsInput: Bool
    ) throws {
        var (user, program): (CInt, CInt) = (-1, -1)
        guard unsafe openpty(&user, &program, nil, nil, nil) == 0 else { throw CocoaError(.fileReadUnknown) }
        defer { for end in [user, program] { close(end) } }
        let tty = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(program)")
        #expect(unsafe write(user, "ls\n", 3) == 3)
        var input = pollfd(fd: program, events: Int16(POLLIN), revents: 0)
        #expect(unsafe poll(&input, 1, 10_000) == 1)
        _ = try Self.ask(plan, .password, terminal: CallerTerminal(tty: tty))
        #expect(unsafe poll(&input, 1, 0) == (keepsInput ? 1 : 0))
    }

    @Test func `one that ends at once names what it may lack, and one that says nothing is given up`() throws {
        #expect(Self.detail(try Self.ask("no-display")).contains("import-environment DISPLAY"))
        let began = ContinuousClock.now
        #expect(Self.detail(try Self.ask("mute", deadlineMs: 10)).hasSuffix("does not answer"))
        #expect(ContinuousClock.now - began < .seconds(8))
    }

    @Test func `a terminal may be called whatever it likes`() throws {
        let mark = "e" + String(repeating: "\u{301}", count: 5000)
        let terminal = CallerTerminal(tty: "/dev/null", term: String(repeating: "%\n", count: 4000), lcCtype: mark)
        #expect(try Self.ask("ok", terminal: terminal).answer == .agreed(nil))
    }
}
