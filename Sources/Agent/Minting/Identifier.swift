internal import FoundationEssentials

/// Names that nobody can guess.
enum Identifier {
    /// 128 random bits behind a letter that says what is named.
    static func make(_ letter: String) -> String {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<16).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let text = Data(bytes).base64EncodedString().map { character -> Character in
            switch character {
            case "+": "-"
            case "/": "_"
            default: character
            }
        }
        return "\(letter)-" + String(text.prefix { $0 != "=" })
    }
}
