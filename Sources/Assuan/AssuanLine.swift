/// A line that an Assuan server says (the Assuan manual, "Server responses").
enum AssuanLine: Equatable {
    case ok
    case refused(AssuanCode)
    /// A piece of what was asked for, unescaped.
    case data([UInt8])
    case inquiry
    /// A comment, or word of how things stand.
    case remark
    /// Nothing that the protocol knows.
    case garbage

    /// Without the newline that ends it (the manual, "Server responses").
    static let maximumBytes = 1000

    init(_ line: [UInt8]) {
        let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
        let rest = parts.count > 1 ? Array(parts[1]) : []
        switch String(decoding: parts[0], as: UTF8.self) {
        case "OK": self = .ok
        case "ERR":
            let number = String(decoding: rest.prefix { $0 != UInt8(ascii: " ") }, as: UTF8.self)
            self = Int(number).map { .refused(AssuanCode($0)) } ?? .garbage
        case "D": self = Self.unescape(rest).map { .data($0) } ?? .garbage
        case "INQUIRE": self = .inquiry
        case "S": self = .remark
        case let word: self = word.hasPrefix("#") ? .remark : .garbage
        }
    }

    /// A command; what it is about can hold any character and stays on the line.
    static func command(_ verb: String, _ argument: String? = nil) -> [UInt8] {
        Array((verb + (argument.map { " \(escape($0))" } ?? "")).utf8)
    }

    static func escape(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "%": escaped += "%25"
            case "\r": escaped += "%0D"
            case "\n": escaped += "%0A"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }

    /// - Returns: nil where a percent sign is followed by no byte.
    private static func unescape(_ bytes: [UInt8]) -> [UInt8]? {
        var plain: [UInt8] = []
        var rest = bytes[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                plain.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            plain.append(value)
            rest.removeFirst(2)
        }
        return plain
    }
}

/// Why an Assuan server refused: the codes of libgpg-error, of which the lower half is the reason.
enum AssuanCode: Equatable {
    case cancelled, notConfirmed, timedOut
    /// The terminal's character set does not have what there is to show.
    case localeFailed
    case windowTooSmall
    case other(Int)

    init(_ number: Int) {
        self =
            switch number & 0xFFFF {
            case 99, 198: .cancelled  // GPG_ERR_CANCELED, GPG_ERR_FULLY_CANCELED
            case 114: .notConfirmed  // GPG_ERR_NOT_CONFIRMED
            case 62: .timedOut  // GPG_ERR_TIMEOUT
            case 166: .localeFailed  // GPG_ERR_LOCALE_PROBLEM
            case 301: .windowTooSmall  // GPG_ERR_WINDOW_TOO_SMALL
            default: .other(number)
            }
    }
}
