import NIOCore
import NIOEmbedded
import Testing

@testable import RPCServer

struct LineDecoderTests {
    private let channel: EmbeddedChannel

    init() throws {
        channel = EmbeddedChannel()
        try channel.pipeline.syncOperations.addHandler(ByteToMessageHandler(LineDecoder(maximumLength: 8)))
    }

    /// What comes out after each piece went in; "!" stands for a line that is too long.
    private func frames(_ pieces: String...) throws -> [String] {
        for piece in pieces { try channel.writeInbound(ByteBuffer(string: piece)) }
        return try waiting()
    }

    private func waiting() throws -> [String] {
        var frames: [String] = []
        while let frame = try channel.readInbound(as: LineDecoder.Frame.self) {
            switch frame {
            case .line(let line): frames.append(String(buffer: line))
            case .tooLong: frames.append("!")
            }
        }
        return frames
    }

    /// The client ends its side.
    private func end() throws -> [String] {
        channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        _ = try channel.finish(acceptAlreadyClosed: true)
        return try waiting()
    }

    @Test func `cuts lines that come joined`() throws {
        #expect(try frames("a\nbc\n\ndef\ng") == ["a", "bc", "", "def"])
        #expect(try frames("h\n") == ["gh"])
    }

    @Test func `joins lines that come in pieces`() throws {
        #expect(try frames("a", "b", "c\nd", "", "e", "\n", "f\n") == ["abc", "de", "f"])
    }

    @Test func `keeps every byte but the newline`() throws {
        #expect(try frames("a\r\n", "\0\n", "ä\n") == ["a\r", "\0", "ä"])
    }

    @Test func `takes a line of the longest length, in whatever pieces`() throws {
        #expect(try frames("12345678\n") == ["12345678"])
        #expect(try frames("1234567", "8", "\n") == ["12345678"])
        #expect(try frames("1\n2345678\n12345678\n") == ["1", "2345678", "12345678"])
    }

    @Test(arguments: [
        ["123456789\n"], ["123456789"], ["12345678", "9"], ["12345678", "9\n"], ["1234", "56789\nx\n"],
    ])
    func `reports one byte more, and reads nothing after it`(_ pieces: [String]) throws {
        for piece in pieces { try channel.writeInbound(ByteBuffer(string: piece)) }
        #expect(try waiting() == ["!"])
        #expect(try frames("a\n", "123456789\n") == [])
        #expect(try end() == [])
    }

    @Test func `what came before a line that is too long still counts`() throws {
        #expect(try frames("a\nb\n123456789") == ["a", "b", "!"])
    }

    @Test func `a last line needs no newline`() throws {
        #expect(try frames("a\nb") == ["a"])
        #expect(try end() == ["b"])
    }

    @Test func `an end after a newline, or without anything, is no line`() throws {
        #expect(try frames("a\n") == ["a"])
        #expect(try end() == [])
    }
}
