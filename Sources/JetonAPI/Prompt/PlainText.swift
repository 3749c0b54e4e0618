/// Text of others as it can be shown in a dialog: on one line, and so short that what stands around it is still seen.
/// It cannot break the line, turn the direction of writing, hide, overprint, or pass for markup.
public struct PlainText: Sendable, Equatable, CustomStringConvertible {
    public let description: String
    /// In the quotes that it cannot hold itself.
    public var quoted: String { "“\(description)”" }

    /// - Parameters:
    ///   - text: whatever somebody wrote.
    ///   - maximumBytes: in UTF-8, escaped for Assuan; a longer one ends in an ellipsis.
    public init(_ text: String, maximumBytes: Int) {
        var shown = ""
        var (marks, bytes) = (0, 0)
        var isAfterSpace = true
        var isCut = false
        for scalar in text.unicodeScalars.prefix(maximumBytes) {
            let harmless = Self.harmless(scalar)
            marks = Self.isMark(scalar) ? marks + 1 : 0
            // Letters of any language have fewer; more of them run over the lines above. Over a space they look like
            // signs of their own, and over nothing they change the quote before.
            guard marks <= (isAfterSpace ? 0 : 2) else { continue }
            // One space between words is enough; many would push a purpose out of sight or onto a line of its own.
            if isAfterSpace, harmless == " " { continue }
            isAfterSpace = harmless == " "
            // As the protocol writes it.
            let size = harmless == "%" ? 3 : UTF8.width(harmless)
            guard bytes + size <= maximumBytes - UTF8.width(Self.ellipsis) else {
                isCut = true
                break
            }
            bytes += size
            shown.unicodeScalars.append(harmless)
        }
        isCut = isCut || text.unicodeScalars.dropFirst(maximumBytes).first != nil
        if isCut { shown.unicodeScalars.append(Self.ellipsis) }
        description = shown
    }

    private static let ellipsis: Unicode.Scalar = "…"

    /// What others wrote, within a line for people: in quotes, whatever it is, so that it passes for nothing else there.
    public static func quoted(_ text: String) -> String { PlainText(text, maximumBytes: longestWords).quoted }

    /// An id, a name or an address within such a line: as it is, to be copied; in quotes where it could pass for more
    /// than one word, or for another.
    public static func word(_ text: String) -> String {
        let isWord = !text.isEmpty && text.utf8.count <= longestWord && text.utf8.allSatisfy(ofWords.contains)
        return isWord ? text : quoted(text)
    }

    /// Leaves room on the line for what is attested.
    private static let longestWords = 150
    /// What Matrix allows an id to have.
    private static let longestWord = 255
    /// Those of ids, addresses, times and units: nothing that parts words, fields or names and values.
    private static let ofWords = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@:._-+/[]\\".utf8)

    /// What Unicode's list of confusable signs has for " “ ”, and other fonts' quotes.
    private static let doubleQuotes = Set(
        "“”„‟〝〞〟＂❝❞\u{2E42}\u{1F676}\u{1F677}\u{1F678}ˮ″‴‶‷⁗ʺ˝˵˶״〃\u{1CD3}".unicodeScalars
    )
    private static let singleQuotes = Set("‘’‚‛❛❜ʹʻʼʽˊˋ′‵＇׳՚՝".unicodeScalars)

    private static func harmless(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
        switch scalar {
        // Some pinentries draw text that looks like HTML as HTML.
        case "<": return "‹"
        case ">": return "›"
        // Ours stand around what others wrote, so that nothing else may look like them; nor may two of these.
        case _ where doubleQuotes.contains(scalar): return "\""
        case _ where singleQuotes.contains(scalar): return "'"
        // Signs that look like nothing at all: braille without a dot, a note without a head.
        case "\u{2800}", "\u{1D159}": return " "
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .surrogate, .unassigned:
            return "\u{FFFD}"
        // All widths of nothing become one.
        case .spaceSeparator: return " "
        default: return scalar.properties.isDefaultIgnorableCodePoint ? "\u{FFFD}" : scalar
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        [.nonspacingMark, .enclosingMark, .spacingMark].contains(scalar.properties.generalCategory)
    }
}
