import Testing

@testable import RPCServer

struct LineBufferTests {
    private var lines = LineBuffer(maximumLength: 8)

    /// What comes out after each piece went in; "!" stands for a line that is too long.
    private mutating func pieces(_ texts: String...) -> [String] {
        for text in texts { lines.append(Array(text.utf8)[...]) }
        return waiting()
    }

    private mutating func waiting() -> [String] {
        var pieces: [String] = []
        while let piece = lines.next() {
            switch piece {
            case .line(let line): pieces.append(String(decoding: line, as: UTF8.self))
            case .tooLong: return pieces + ["!"]
            }
        }
        return pieces
    }

    /// The client ends its side.
    private mutating func end() -> [String] {
        lines.end()
        return waiting()
    }

    @Test mutating func `cuts lines that come joined`() {
        #expect(pieces("a\nbc\n\ndef\ng") == ["a", "bc", "", "def"])
        #expect(pieces("h\n") == ["gh"])
    }

    @Test mutating func `joins lines that come in pieces`() {
        #expect(pieces("a", "b", "c\nd", "", "e", "\n", "f\n") == ["abc", "de", "f"])
        #expect(pieces("a") + pieces("b") + pieces("c\nd") + pieces("") + pieces("\n") == ["abc", "d"])
    }

    @Test mutating func `keeps every byte but the newline`() {
        #expect(pieces("a\r\n", "\0\n", "ä\n") == ["a\r", "\0", "ä"])
    }

    @Test mutating func `takes a line of the longest length, in whatever pieces`() {
        #expect(pieces("12345678\n") == ["12345678"])
        #expect(pieces("1234567", "8", "\n") == ["12345678"])
        #expect(pieces("1\n2345678\n12345678\n") == ["1", "2345678", "12345678"])
    }

    @Test(arguments: [
        ["123456789\n"], ["123456789"], ["12345678", "9"], ["12345678", "9\n"], ["1234", "56789\nx\n"],
    ])
    mutating func `reports one byte more`(_ texts: [String]) {
        var all: [String] = []
        for text in texts { all += pieces(text) }
        #expect(all.first == "!")
    }

    @Test mutating func `what came before a line that is too long still counts`() {
        #expect(pieces("a\nb\n123456789") == ["a", "b", "!"])
        #expect(lines.isEmpty)
    }

    @Test mutating func `a last line needs no newline`() {
        #expect(pieces("a\nb") == ["a"])
        #expect(end() == ["b"])
        #expect(lines.isEmpty)
    }

    @Test mutating func `an end after a newline, or without anything, is no line`() {
        #expect(end() == [])
        #expect(pieces("a\n") == ["a"])
        #expect(end() == [])
    }

    @Test mutating func `knows whether a line was begun, and holds nothing once all are taken`() {
        #expect(!lines.hasBegunLine)
        #expect(pieces("a") == [])
        #expect(lines.hasBegunLine)
        #expect(pieces("b\nc") == ["ab"])
        #expect(lines.hasBegunLine)
        #expect(pieces("\n") == ["c"])
        #expect(!lines.hasBegunLine)
        #expect(lines.isEmpty)
    }

    @Test mutating func `holds no more for lines that it has given, also where none ends with what came`() {
        #expect(pieces("1") == [])
        for _ in 1...1000 { #expect(pieces("2\n1") == ["12"]) }
        #expect(lines.capacity <= 64)
        #expect(pieces("\n") == ["1"])
        #expect(lines.capacity == 0)
    }
}
