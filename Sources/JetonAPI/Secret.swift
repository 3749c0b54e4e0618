/// A password or a token. It prints, dumps and mirrors as `<redacted>` and is encoded only where the encoder was
/// told to reveal: by the store, the socket's answers, and the one request to a homeserver that needs it.
public struct Secret: Sendable, Hashable {
    private let text: String

    public init(_ text: String) { self.text = text }

    /// The secret itself. Each use of this is a place to look at in a review.
    public func reveal() -> String { text }

    /// Whether it consists of visible ASCII characters, as a token in a header must.
    public var isPrintable: Bool { !text.isEmpty && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } }
}

extension Secret: Codable {
    static let revealKey: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "jeton.reveals-secrets") else {
            preconditionFailure("any text makes a key")
        }
        return key
    }()

    public init(from decoder: any Decoder) throws {
        text = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        let isRevealed = encoder.userInfo[Self.revealKey] as? Bool ?? false
        var container = encoder.singleValueContainer()
        try container.encode(isRevealed ? text : description)
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "<redacted>" }
    public var debugDescription: String { description }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
