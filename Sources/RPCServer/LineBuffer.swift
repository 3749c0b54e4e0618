/// The bytes of a client that are not answered yet, cut into lines. It holds no memory while there are none.
struct LineBuffer {
    /// What the bytes hold next.
    enum Piece: Equatable {
        /// A line without its newline.
        case line([UInt8])
        /// One that is longer than may be; nothing is to be read after it.
        case tooLong
    }

    let maximumLength: Int
    private var bytes: [UInt8] = []
    /// How many of the bytes have been given as lines already.
    private var taken = 0
    /// Up to where the bytes are known to hold no newline: they are not looked at twice.
    private var searched = 0
    private var hasEnded = false

    init(maximumLength: Int) { self.maximumLength = maximumLength }

    var isEmpty: Bool { bytes.isEmpty }

    /// How much memory it holds, in bytes.
    var capacity: Int { bytes.capacity }

    /// Whether bytes are here that no newline has followed so far; only certain once `next` gives nothing.
    var hasBegunLine: Bool { searched > taken }

    mutating func append(_ more: ArraySlice<UInt8>) {
        if taken > 0 {
            // What was taken goes: a client that is always in mid-line would have it kept for ever.
            bytes = Array(bytes[taken...])
            searched -= taken
            taken = 0
        }
        bytes.append(contentsOf: more)
    }

    /// Nothing follows. A last line need not end in a newline, as from `printf … | nc -N -U`.
    mutating func end() { hasEnded = true }

    mutating func next() -> Piece? {
        guard !bytes.isEmpty else { return nil }
        let newline = bytes[searched...].firstIndex(of: UInt8(ascii: "\n"))
        let end = newline ?? bytes.endIndex
        guard end - taken <= maximumLength else {
            drop()
            return .tooLong
        }
        searched = end
        if newline == nil, !hasEnded { return nil }
        return .line(take(upTo: end))
    }

    /// Forgets all that is here.
    mutating func drop() {
        bytes = []
        taken = 0
        searched = 0
    }

    /// A last line has no newline that would go with it.
    private mutating func take(upTo end: Int) -> [UInt8] {
        guard end + 1 >= bytes.endIndex else {
            defer {
                taken = end + 1
                searched = taken
            }
            return Array(bytes[taken..<end])
        }
        // The last one here, and nearly always the only one: then it is passed on as it lies.
        defer { drop() }
        bytes.removeSubrange(end...)
        bytes.removeSubrange(..<taken)
        return bytes
    }
}
