internal import NIOCore

/// Cuts the bytes of a connection into lines; one that is too long is reported, and nothing after it is read.
struct LineDecoder: ByteToMessageDecoder {
    enum Frame: Sendable, Equatable {
        /// A line without its newline.
        case line(ByteBuffer)
        case tooLong
    }
    typealias InboundOut = Frame

    let maximumLength: Int
    /// How many of the buffered bytes are known to hold no newline: they are not looked at twice.
    private var searched = 0
    private var isOverlong = false

    init(maximumLength: Int) { self.maximumLength = maximumLength }

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) -> DecodingState {
        if isOverlong {
            buffer.moveReaderIndex(to: buffer.writerIndex)
            return .needMoreData
        }
        let unseen = buffer.readableBytesView.dropFirst(searched)
        let length = unseen.firstIndex(of: UInt8(ascii: "\n")).map { $0 - buffer.readerIndex }
        guard (length ?? buffer.readableBytes) <= maximumLength else {
            isOverlong = true
            context.fireChannelRead(Self.wrapInboundOut(.tooLong))
            return .continue
        }
        guard let length, let line = buffer.readSlice(length: length) else {
            searched = buffer.readableBytes
            return .needMoreData
        }
        searched = 0
        buffer.moveReaderIndex(forwardBy: 1)
        context.fireChannelRead(Self.wrapInboundOut(.line(line)))
        return .continue
    }

    /// A last line need not end in a newline, as from `printf … | nc -N -U`.
    mutating func decodeLast(
        context: ChannelHandlerContext,
        buffer: inout ByteBuffer,
        seenEOF: Bool
    ) -> DecodingState {
        while decode(context: context, buffer: &buffer) == .continue {}
        if seenEOF, buffer.readableBytes > 0 {
            context.fireChannelRead(Self.wrapInboundOut(.line(buffer)))
            buffer.moveReaderIndex(to: buffer.writerIndex)
        }
        return .needMoreData
    }
}
