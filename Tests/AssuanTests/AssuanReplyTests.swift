import Testing

@testable import Assuan

/// What a pinentry says, taken apart; it is believed nothing.
@Suite struct AssuanReplyTests {
    private func read(_ text: String, by size: Int = 4096) throws -> AssuanReply.Event? {
        var reply = AssuanReply()
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            var piece = rest.prefix(size)
            rest = rest.dropFirst(size)
            if let event = try reply.take(&piece) { return event }
        }
        return nil
    }

    @Test(arguments: [
        ("OK Pleased to meet you\n", AssuanReply.Event.done([])),
        ("D 12%2534\nOK\n", .done(Array("12%34".utf8))),
        ("D one \nD two\nOK\n", .done(Array("one two".utf8))),
        ("D a%0Ab\r\nOK\r\n", .done(Array("a\nb".utf8))),
        ("S BUTTON_INFO close\n# a comment\nOK\n", .done([])),
        ("ERR 83886179 Operation cancelled <Pinentry>\n", .refused(.cancelled)),
        ("ERR 83886194 Not confirmed <Pinentry>\n", .refused(.notConfirmed)),
        ("ERR 83886142 Timeout <Pinentry>\n", .refused(.timedOut)),
        ("ERR 83918950 Inappropriate ioctl\n", .refused(.other(83_918_950))),
        ("INQUIRE QUALITY abc\n", .inquiry),
    ])
    func `an answer is the same however it is cut`(text: String, event: AssuanReply.Event) throws {
        for size in [1, 3, 4096] { #expect(try read(text, by: size) == event) }
    }

    @Test(arguments: ["what?\n", "ERR no number\n", "D %\nOK\n", "D %zz\nOK\n", "\n", "ok\n"])
    func `what is no Assuan is a problem`(text: String) {
        #expect(throws: AssuanProblem.garbage) { try read(text) }
    }

    @Test func `nothing without an end is remembered`() throws {
        #expect(throws: AssuanProblem.tooMuch) { try read(String(repeating: "x", count: 1_000_000)) }
        #expect(throws: AssuanProblem.tooMuch) { try read(String(repeating: "# remark\n", count: 10_000)) }
        let long = "D " + String(repeating: "y", count: 900) + "\n"
        #expect(throws: AssuanProblem.tooMuch) { try read(String(repeating: long, count: 10)) }
        #expect(try read("D " + String(repeating: "z", count: 998) + "\nOK\n") != nil)
        #expect(throws: AssuanProblem.tooMuch) { try read("D " + String(repeating: "z", count: 999) + "\nOK\n") }
    }

    @Test func `a command stays on its line, whatever it is about`() {
        let line = AssuanLine.command("SETDESC", "100 %\r\nSETOK _Cancel")
        #expect(String(decoding: line, as: UTF8.self) == "SETDESC 100 %25%0D%0ASETOK _Cancel")
    }
}
