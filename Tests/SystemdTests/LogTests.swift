import Logging
import Testing

@testable import Systemd

struct LogTests {
    @Test func `metadata stands behind the message, sorted`() {
        let line = LogLine.text("signed in", ["event": "account.login", "account": "@a:b", "peer_pid": "\(12)"])
        #expect(line == "signed in account=@a:b event=account.login peer_pid=12")
        #expect(LogLine.text("alone", [:]) == "alone")
    }

    @Test func `an entry stays on its line, whatever is in it`() {
        let line = LogLine.text("a\nb\r\nc\u{2028}d\u{85}e\u{0B}f", ["k": "g\nerror: forged"])
        #expect(line == "a b c d e f k=g error: forged")
    }

    @Test func `an entry does nothing to the terminal that it is read on`() {
        let line = LogLine.text("a\u{1B}[31mb\u{9B}2Jc\u{7}", ["k": "\u{202E}tfel"])
        #expect(line == "a\u{FFFD}[31mb\u{FFFD}2Jc\u{FFFD} k=\u{FFFD}tfel")
    }

    @Test(arguments: [
        (Logger.Level.critical, 2), (.error, 3), (.warning, 4), (.notice, 5), (.info, 6), (.debug, 7), (.trace, 7),
    ])
    func `levels are those of syslog`(_ level: Logger.Level, _ priority: Int) {
        #expect(JournalEntry.priority(of: level) == priority)
    }

    @Test(arguments: [
        ("token_id", "JETON_TOKEN_ID"), ("event", "JETON_EVENT"), ("peer-pid", "JETON_PEER_PID"),
        ("a.b c=d\n", "JETON_A_B_C_D_"), ("größe", "JETON_GR__E"), ("1", "JETON_1"), ("", "JETON_"),
    ])
    func `a field's name is one that the journal takes`(_ key: String, _ name: String) {
        #expect(JournalEntry.fieldName(of: key).hasPrefix(name.prefix(8)))
        #expect(
            JournalEntry.fieldName(of: key).utf8.allSatisfy {
                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_".utf8.contains($0)
            }
        )
    }

    @Test func `each event has a number of its own, of the journal's form`() {
        let numbers = MessageID.byEvent.values
        #expect(Set(numbers).count == numbers.count)
        #expect(numbers.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
        #expect(MessageID.of("agent.unheard_of") == nil)
    }

    @Test func `metadata of the handler is a logger's as any other`() {
        var handler = DaemonLogHandler(identifier: "jetond", level: .info, destination: .journal)
        handler[metadataKey: "a"] = "b"
        #expect(handler[metadataKey: "a"] == "b")
        #expect(handler.logLevel == .info)
    }
}
