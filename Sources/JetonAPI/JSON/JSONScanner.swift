/// The tokens of JSON and JSON5, one after the other.
struct JSONScanner {
    let bytes: [UInt8]
    let dialect: JSONDialect
    private(set) var position = 0

    init(_ bytes: [UInt8], dialect: JSONDialect) {
        self.bytes = bytes
        self.dialect = dialect
    }

    var isAtEnd: Bool { position >= bytes.count }
    var peek: UInt8? { isAtEnd ? nil : bytes[position] }

    mutating func advance(by count: Int = 1) { position += count }

    mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    // The context is put together only where it is needed, for that costs more than the rest.
    mutating func expect(_ byte: UInt8, _ context: @autoclosure () -> String) throws(JSONSyntaxError) {
        guard take(byte) else {
            let (wanted, context) = (Character(Unicode.Scalar(byte)), context())
            throw isAtEnd
                ? fail("the text ends where \"\(wanted)\" \(context) is expected")
                : fail("\"\(wanted)\" \(context) is expected, not \(found)")
        }
    }

    func fail(_ reason: String, at offset: Int? = nil) -> JSONSyntaxError {
        JSONSyntaxError(reason: reason, offset: offset ?? position)
    }

    func unexpected(_ context: String) -> JSONSyntaxError { fail("\(found) is not expected \(context)") }

    /// The character here, quoted for a sentence.
    private var found: String {
        guard let character = String(decoding: bytes[position...].prefix(4), as: UTF8.self).first else {
            return "the end"
        }
        let isPlain = character.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
        return isPlain ? "\"\(character)\"" : "a control character"
    }

    mutating func skipSpace() throws(JSONSyntaxError) {
        while let byte = peek {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case 0x0B...0x0C where dialect == .json5: position += 1
            case UInt8(ascii: "/") where dialect == .json5: try skipComment()
            case 0xEF where dialect == .json5 && position == 0 && bytes.starts(with: [0xEF, 0xBB, 0xBF]): position += 3
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONSyntaxError) {
        let start = position
        position += 1
        if take(UInt8(ascii: "/")) {
            while let byte = peek, byte != 0x0A { _ = take(byte) }
        } else if take(UInt8(ascii: "*")) {
            while !isAtEnd {
                if take(UInt8(ascii: "*")) {
                    if take(UInt8(ascii: "/")) { return }
                } else {
                    position += 1
                }
            }
            throw fail("this comment is never closed", at: start)
        } else {
            throw fail("\"/\" begins no comment here", at: start)
        }
    }

    /// Passes over a quoted string; control characters must be escaped in it.
    mutating func string() throws(JSONSyntaxError) {
        let start = position
        let quote = bytes[position]
        position += 1
        while let byte = peek {
            position += 1
            switch byte {
            case quote: return
            case UInt8(ascii: "\\"): try escape()
            case 0x0A, 0x0D: throw fail("this string is never closed", at: start)
            case 0..<0x20: throw fail("a control character in a string must be escaped", at: position - 1)
            default: break
            }
        }
        throw fail("this string is never closed", at: start)
    }

    private mutating func escape() throws(JSONSyntaxError) {
        guard let byte = peek else { return }
        position += 1
        switch byte {
        case UInt8(ascii: "u"): try hexDigits(4)
        case UInt8(ascii: "x") where dialect == .json5: try hexDigits(2)
        case _ where "\"\\/bfnrt".utf8.contains(byte): break
        case 0x0D where dialect == .json5: _ = take(0x0A)
        case _ where dialect == .json5: break
        default: throw fail("\"\\\(Character(Unicode.Scalar(byte)))\" is no escape", at: position - 2)
        }
    }

    private mutating func hexDigits(_ count: Int) throws(JSONSyntaxError) {
        for _ in 0..<count {
            guard let byte = peek, Character(Unicode.Scalar(byte)).isHexDigit else {
                throw fail("an escape needs \(count) hexadecimal digits")
            }
            position += 1
        }
    }

    /// The name of a member: a string, in JSON5 also a plain word.
    mutating func name() throws(JSONSyntaxError) -> String {
        guard let first = peek else { throw fail("a name is missing at the end of the text") }
        let start = position
        if first == UInt8(ascii: "\"") || (dialect == .json5 && first == UInt8(ascii: "'")) {
            try string()
            return JSONParser.unescaped(bytes[(start + 1)..<(position - 1)])
        }
        guard dialect == .json5 else { throw fail("a name in double quotes is expected, not \(found)") }
        while let byte = peek, byte >= 0x80 || Self.isWord(byte) { position += 1 }
        guard position > start else { throw fail("a name is expected, not \(found)") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "$"):
            true
        default: false
        }
    }
}
