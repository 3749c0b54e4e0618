/// The answer to one command, put together from what comes in. It trusts nobody: what is no Assuan, too long or without
/// an end is a problem, and not remembered.
struct AssuanReply {
    enum Event: Equatable {
        /// It is complete: what was asked for.
        case done([UInt8])
        case refused(AssuanCode)
        /// The server wants to know something, of which we know nothing.
        case inquiry
    }

    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var lines = 0

    /// Nobody types more.
    static let maximumData = 4096
    /// A few remarks are usual, thousands are a flood.
    static let maximumLines = 256

    /// Takes in what was read, up to the end of what can be told.
    /// - Returns: nil where there is more to come.
    mutating func take(_ bytes: inout ArraySlice<UInt8>) throws(AssuanProblem) -> Event? {
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "\n") else {
                guard line.count < AssuanLine.maximumBytes else { throw .tooMuch }
                line.append(byte)
                continue
            }
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            let said = AssuanLine(line)
            line = []
            lines += 1
            guard lines <= Self.maximumLines else { throw .tooMuch }
            switch said {
            case .ok: return .done(data)
            case .refused(let code): return .refused(code)
            case .inquiry: return .inquiry
            case .remark: continue
            case .garbage: throw .garbage
            case .data(let piece):
                guard data.count + piece.count <= Self.maximumData else { throw .tooMuch }
                data += piece
            }
        }
        return nil
    }
}

/// Why a conversation came to its end before an answer.
enum AssuanProblem: Error, Equatable {
    /// The other side has gone.
    case closed
    /// What it said is no Assuan.
    case garbage
    /// It says more than anybody wants to know.
    case tooMuch
    /// It does not read what it is told.
    case deaf
    /// It said nothing in time.
    case silent
    /// Whoever wanted the answer has gone.
    case withdrawn
}
