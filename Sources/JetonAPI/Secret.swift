internal import Privacy

/// A password or a token. It prints, dumps and mirrors as `<redacted>` and is encoded only where the encoder was
/// told to reveal: by the store, the socket's answers, and the one request to a homeserver that needs it. It lies in
/// locked memory, which is overwritten when the last copy goes.
public struct Secret: Sendable, Hashable {
    private let text: SecretText

    public init(_ text: String) { self.text = SecretText(text) }

    /// The secret itself. Each use of this is a place to look at in a review.
    public func reveal() -> String { text.reveal() }

    /// Whether it consists of visible ASCII characters, as a token in a header must.
    public var isPrintable: Bool { !text.isEmpty && text.allSatisfy { (0x21...0x7E).contains($0) } }
}

extension Secret: Codable {
    static let revealKey: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "jeton.reveals-secrets") else {
            preconditionFailure("any text makes a key")
        }
        return key
    }()

    public init(from decoder: any Decoder) throws {
        self.init(try decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        let isRevealed = encoder.userInfo[Self.revealKey] as? Bool ?? false
        var container = encoder.singleValueContainer()
        try container.encode(isRevealed ? reveal() : description)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
