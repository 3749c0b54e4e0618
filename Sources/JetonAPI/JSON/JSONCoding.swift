public import FoundationEssentials

/// The one way this project turns values into JSON and back: snake_case names, sorted, without needless escapes.
public enum JSONCoding {
    /// Whether `Secret`s are written out; everywhere else they become `<redacted>`.
    public enum Secrets: Sendable { case revealed, redacted }

    public static func encoder(secrets: Secrets = .redacted, pretty: Bool = false) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if pretty { encoder.outputFormatting.insert(.prettyPrinted) }
        encoder.userInfo[Secret.revealKey] = secrets == .revealed
        return encoder
    }

    public static func decoder(dialect: JSONDialect = .json) -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        decoder.allowsJSON5 = dialect == .json5
        return decoder
    }

    /// `loginToken` → `login_token`, as the encoder does it.
    static func wireName(of name: String) -> String {
        var wire = ""
        for character in name {
            if character.isUppercase { wire += "_" }
            wire += character.lowercased()
        }
        return wire
    }
}
