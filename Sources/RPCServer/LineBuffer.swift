internal import NIOCore

/// The bytes of a client that are not answered yet, cut into lines. It holds no memory while there are none.
struct LineBuffer {
    /// What the bytes hold next.
    enum Piece: Equatable {
        /// A line without its newline.
        case line(ByteBuffer)
        /// One that is longer than may be; nothing is to be read after it.
        case tooLong
    }

    let maximumLength: Int
    private var bytes: ByteBuffer?
    /// How many of the bytes are known to hold no newline: they are not looked at twice.
    private var searched = 0
    private var hasEnded = false

    init(maximumLength: Int) { self.maximumLength = maximumLength }

    var isEmpty: Bool { bytes == nil }

    /// How much memory it holds, in bytes.
    var capacity: Int { bytes?.capacity ?? 0 }

    /// Whether bytes are here that no newline has followed so far; only certain once `next` gives nothing.
    var hasBegunLine: Bool { searched > 0 }

    mutating func append(_ more: ByteBuffer) {
        guard more.readableBytes > 0 else { return }
        var more = more
        // What was taken goes: a client that is always in mid-line would have it kept for ever.
        bytes?.discardReadBytes()
        if bytes?.writeBuffer(&more) == nil { bytes = more }
    }

    /// Nothing follows. A last line need not end in a newline, as from `printf … | nc -N -U`.
    mutating func end() { hasEnded = true }

    mutating func next() -> Piece? {
        guard let bytes else { return nil }
        let unseen = bytes.readableBytesView.dropFirst(searched)
        let length = unseen.firstIndex(of: UInt8(ascii: "\n")).map { $0 - bytes.readerIndex }
        guard (length ?? bytes.readableBytes) <= maximumLength else {
            drop()
            return .tooLong
        }
        if length == nil, !hasEnded {
            searched = bytes.readableBytes
            return nil
        }
        return take(length ?? bytes.readableBytes)
    }

    /// Forgets all that is here.
    mutating func drop() {
        bytes = nil
        searched = 0
    }

    private mutating func take(_ length: Int) -> Piece? {
        guard var rest = bytes, let line = rest.readSlice(length: length) else { return nil }
        // The newline, which a last line may lack.
        rest.moveReaderIndex(forwardBy: min(1, rest.readableBytes))
        bytes = rest.readableBytes > 0 ? rest : nil
        searched = 0
        return .line(line)
    }
}
