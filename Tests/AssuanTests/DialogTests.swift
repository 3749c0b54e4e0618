import JetonAPI
import Testing

@testable import Assuan

/// What the user reads: nobody else can write it.
@Suite struct DialogTests {
    private static let requester = Requester(
        pid: 4712,
        uid: 1000,
        command: "backup",
        unit: "app-kitty-4000.scope",
        parents: [.init(pid: 4020, command: "bash"), .init(pid: 4000, command: "kitty")]
    )

    private static func question(_ purpose: String?, kind: PromptQuestion.Kind = .confirm) -> PromptQuestion {
        PromptQuestion(
            kind,
            account: "@alice:example.org",
            homeserver: "https://matrix.example.org",
            purpose: purpose,
            requester: requester,
            deadlineMs: 1000
        )
    }

    @Test func `it names account, homeserver, purpose and requester`() {
        let dialog = Dialog(Self.question("my phone"))
        for part in [
            "Account: @alice:example.org", "Homeserver: https://matrix.example.org", "“my phone”",
            "Process 4712 of user 1000, unit app-kitty-4000.scope", "It calls itself: “backup”",
            "Started by: “bash ← kitty”",
        ] {
            #expect(dialog.text.contains(part), "\(part)")
        }
        #expect((dialog.agree, dialog.cancel, dialog.prompt) == ("_Allow", "_Cancel", nil))
    }

    @Test func `what is attested stands above what others wrote`() throws {
        let lines = Dialog(Self.question("Process 1 of user 0")).text.split(separator: "\n")
        let attested = try #require(lines.firstIndex { $0.hasPrefix("Process 4712") })
        #expect(lines.last == "For, in its own words: “Process 1 of user 0”")
        #expect(attested < lines.endIndex - 1)
    }

    @Test func `a device that is to be signed out is named, and its name is its own`() throws {
        var question = Self.question(nil, kind: .password)
        question.device = NamedDevice(deviceId: "DIIDRPWVHJ", displayName: "phone\u{202E}\nProcess 1 <b>")
        let dialog = Dialog(question)
        #expect(dialog.text.hasPrefix("A program asks to sign a device of yours out"))
        #expect(
            dialog.text.contains("\nDevice: DIIDRPWVHJ\nThat calls itself: “phone\u{FFFD}\u{FFFD}Process 1 ‹b›”\n")
        )
        #expect(dialog.prompt == "Password:")
    }

    @Test func `in ASCII only our quotes are double`() {
        let dialog = Dialog(Self.question("a\" … ü")).inASCII
        #expect(dialog.text.hasSuffix("For, in its own words: \"a' ... ?\""))
        #expect(dialog.text.contains("Started by: \"bash <- kitty\""))
    }

    @Test func `who will be signed in where is named, as far as it can be seen`() {
        var question = Self.question("my phone")
        question.destination = Destination(address: "localhost", port: 38080, pid: 99, command: "chat")
        let dialog = Dialog(question)
        #expect(dialog.text.hasPrefix("A program on this machine wants to be signed in as you. Allow it?\n"))
        #expect(dialog.text.contains("\nWaits at: localhost port 38080, process 99\nThat calls itself: “chat”\n"))
        #expect(dialog.text.contains("Process 4712 of user 1000"))
        question.destination = Destination(address: "[::1]", port: 1)
        #expect(Dialog(question).text.contains("\nWaits at: [::1] port 1\n"))
    }

    @Test func `a requester that cannot be known is said to be`() {
        let dialog = Dialog(PromptQuestion(.confirm, account: "@a:b", requester: nil, deadlineMs: 1))
        #expect(dialog.text.contains("cannot be known"))
        #expect(!dialog.text.contains("Process"))
    }

    @Test func `a password is asked for, again with what was wrong and how many tries are left`() {
        var question = Self.question(nil, kind: .password)
        question.attemptsLeft = 5
        #expect(Dialog(question).text.hasSuffix("5 tries are left."))
        #expect(Dialog(question).error == nil)
        (question.attemptsLeft, question.isRepeated) = (1, true)
        #expect(Dialog(question).error == "That password was wrong; 1 try is left.")
        #expect(Dialog(question).prompt == "Password:")
    }

    @Test(arguments: [
        "a\nAccount: @mallory:evil", "a\r\n\u{2028}b\u{2029}c\u{85}d", "\u{202E}drawkcab\u{2066}x", "\u{200B}\u{FEFF}",
        "tab\tbell\u{7}escape\u{1B}[2J", "\u{E0041}\u{E000}", "“quoted” <b>bold</b>", "\u{3000}\u{A0}wide",
        "\u{115F}\u{3164}filler", "x" + String(repeating: " ", count: 60) + "Process 1 of user 0", "„low‟ ❝big❞ ＂wide＂",
        "\u{2800}\u{2800}braille", "\u{338}\u{30B}over",
    ])
    func `promise 8: no purpose and no name forges the dialog`(text: String) {
        var question = Self.question(text)
        question.requester?.command = text
        question.requester?.unit = text
        question.requester?.parents = [.init(pid: 1, command: text)]
        let (forged, plain) = (Dialog(question).text, Dialog(Self.question("x")).text)
        #expect(forged.split(separator: "\n").count == plain.split(separator: "\n").count)
        for scalar in forged.unicodeScalars where scalar != "\n" {
            let kind = scalar.properties.generalCategory
            #expect(![.control, .format, .lineSeparator, .paragraphSeparator, .privateUse].contains(kind), "\(scalar)")
            #expect(!scalar.properties.isDefaultIgnorableCodePoint)
            #expect(kind != .spaceSeparator || scalar == " ")
        }
        #expect(!forged.contains("<"))
        #expect(!forged.contains("  "))
        #expect(!forged.contains { "„‟❝❞＂\u{2800}".contains($0) })
        // Ours alone are curly: purpose, name, parents.
        #expect(forged.unicodeScalars.count { $0 == "“" } == 3)
    }

    @Test(arguments: "“”„‟〝〞〟＂❝❞⹂🙶🙷🙸ˮ″‴‶‷⁗ʺ˝˵˶״〃\u{1CD3}".unicodeScalars.map { String($0) } + ["’’", "ʼʼ", "′′"])
    func `promise 8: no sign that looks like our quotes ends them`(twin: String) {
        let dialog = Dialog(Self.question("a\(twin) b"))
        let plain = twin.unicodeScalars.count == 1 ? "\"" : "''"
        #expect(dialog.text.hasSuffix("For, in its own words: “a\(plain) b”"))
    }

    @Test(arguments: ["\u{30B}a \u{30B}b", "\u{338} a \u{338}\u{30E}b"])
    func `marks have a letter below them`(text: String) {
        #expect(PlainText(text, maximumBytes: 100).quoted == "“a b”")
    }

    @Test func `marks over letters stay where they are`() {
        #expect(PlainText("Z\u{300}\u{301}\u{302}\u{303}a", maximumBytes: 100).description == "Z\u{300}\u{301}a")
    }

    @Test func `the longest question fits on a line of Assuan`() {
        for filler in ["%", "x", "漢", "👨‍👩‍👧", "a\u{301}"] {
            let long = String(repeating: filler, count: 4000)
            for kind in [PromptQuestion.Kind.password, .confirm, .unlock] {
                var question = PromptQuestion(
                    kind,
                    account: long,
                    homeserver: long,
                    purpose: long,
                    requester: Requester(
                        pid: .max,
                        uid: .max,
                        command: long,
                        unit: long,
                        parents: Array(repeating: .init(pid: 1, command: long), count: 8)
                    ),
                    attemptsLeft: .max,
                    isRepeated: kind == .password ? false : nil,
                    deadlineMs: 1
                )
                for destination in [nil, Destination(address: long, port: 65535, pid: .max, command: long)] {
                    question.destination = destination
                    let line = AssuanLine.command("SETDESC", Dialog(question).text)
                    #expect(line.count <= AssuanLine.maximumBytes, "\(filler) \(kind): \(line.count)")
                }
                // A sign-out has neither purpose nor destination.
                (question.purpose, question.destination) = (nil, nil)
                question.device = NamedDevice(deviceId: long, displayName: long)
                let line = AssuanLine.command("SETDESC", Dialog(question).text)
                #expect(line.count <= AssuanLine.maximumBytes, "\(filler) \(kind): \(line.count)")
            }
        }
    }
}
