extension JSONScanner {
    /// `true`, `false`, `null` or a number.
    mutating func literal() throws(JSONSyntaxError) -> JSONNode.Content {
        let start = position
        var end = position
        while end < bytes.count, Self.isWord(bytes[end]) || "+-.".utf8.contains(bytes[end]) { end += 1 }
        guard end > start else { throw unexpected("where a value should be") }
        let word = bytes[start..<end]
        advance(by: end - start)
        if Self.isNumber(word) || (dialect == .json5 && Self.isJSON5Number(word)) { return .number }
        let text = String(decoding: word.prefix(40), as: UTF8.self)
        switch text {
        case "true", "false": return .boolean
        case "null": return .null
        default: break
        }
        throw fail("\"\(text)\" is neither a number nor true, false or null", at: start)
    }

    /// RFC 8259, section 6: `-? (0 | [1-9][0-9]*) (. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
        let whole = digits(&rest)
        guard whole == 1 || (whole > 1 && word[rest.startIndex - whole] != UInt8(ascii: "0")) else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            guard digits(&rest) > 0 else { return false }
        }
        return isExponentOrEmpty(rest)
    }

    /// JSON5, section 6: also a leading `+`, hexadecimal, a bare point at either end, `Infinity` and `NaN`.
    private static func isJSON5Number(_ word: ArraySlice<UInt8>) -> Bool {
        var rest = word
        if let sign = rest.first, "+-".utf8.contains(sign) { rest.removeFirst() }
        if rest.elementsEqual("Infinity".utf8) || rest.elementsEqual("NaN".utf8) { return true }
        if rest.starts(with: "0x".utf8) || rest.starts(with: "0X".utf8) {
            let hex = rest.dropFirst(2)
            return !hex.isEmpty && hex.allSatisfy { Character(Unicode.Scalar($0)).isHexDigit }
        }
        let whole = digits(&rest)
        if whole > 1, word[rest.startIndex - whole] == UInt8(ascii: "0") { return false }
        var fraction = 0
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            fraction = digits(&rest)
        }
        return whole + fraction > 0 && isExponentOrEmpty(rest)
    }

    private static func isExponentOrEmpty(_ word: ArraySlice<UInt8>) -> Bool {
        guard let mark = word.first else { return true }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return false }
        var rest = word.dropFirst()
        if let sign = rest.first, "+-".utf8.contains(sign) { rest.removeFirst() }
        return digits(&rest) > 0 && rest.isEmpty
    }

    /// Takes the digits at the front and says how many there were.
    private static func digits(_ rest: inout ArraySlice<UInt8>) -> Int {
        let count = rest.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }.count
        rest.removeFirst(count)
        return count
    }
}

extension JSONParser {
    /// The characters of a string's inside. A lone surrogate becomes U+FFFD: such a name equals none of ours.
    static func unescaped(_ inside: ArraySlice<UInt8>) -> String {
        guard inside.contains(UInt8(ascii: "\\")) else { return String(decoding: inside, as: UTF8.self) }
        var units: [UInt16] = []
        // By scalars: a character of Swift's may be a letter of an escape together with the accent that follows it.
        var rest = String(decoding: inside, as: UTF8.self).unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\", let escape = rest.popFirst() else {
                units.append(contentsOf: scalar.utf16)
                continue
            }
            switch escape {
            case "b": units.append(0x08)
            case "f": units.append(0x0C)
            case "n": units.append(0x0A)
            case "r": units.append(0x0D)
            case "t": units.append(0x09)
            case "v": units.append(0x0B)
            case "0": units.append(0x00)
            case "u", "x":
                let count = escape == "u" ? 4 : 2
                units.append(UInt16(String(rest.prefix(count)), radix: 16) ?? 0xFFFD)
                rest = rest.dropFirst(count)
            case "\n": break
            case "\r": if rest.first == "\n" { rest.removeFirst() }
            default: units.append(contentsOf: escape.utf16)
            }
        }
        return String(decoding: units, as: UTF16.self)
    }
}
