internal import Crypto
internal import FoundationEssentials
internal import Privacy

/// Encryption that shows every change (ChaCha20-Poly1305, RFC 8439), as text.
enum Seal {
    /// - Parameters:
    ///   - content: what nobody may read.
    ///   - key: each use of it takes a random nonce: 2^32 uses are safe, and a file is written far less often.
    ///   - identity: what the content is; opened as anything else, it does not open.
    /// - Returns: nonce, ciphertext and tag in Base64.
    static func close(_ content: [UInt8], with key: SecretBytes, as identity: String) -> String {
        let key = SymmetricKey(key)
        guard let box = try? ChaChaPoly.seal(content, using: key, authenticating: Array(identity.utf8)) else {
            preconditionFailure("ChaCha20-Poly1305 takes any content")
        }
        return box.combined.base64EncodedString()
    }

    /// - Returns: nil where the key or the identity is another one, or anything was changed.
    static func open(_ sealed: String, with key: SecretBytes, as identity: String) -> [UInt8]? {
        guard let bytes = Data(base64Encoded: sealed), let box = try? ChaChaPoly.SealedBox(combined: bytes),
            let content = try? ChaChaPoly.open(box, using: SymmetricKey(key), authenticating: Array(identity.utf8))
        else { return nil }
        return Array(content)
    }

    /// A name that nothing else has.
    static func randomName() -> String {
        (0..<8).map { _ in UInt8.random(in: .min ... .max) }.hexadecimal
    }
}

/// The library's keys overwrite themselves, but lie anywhere: there is one only while it is used.
extension SymmetricKey {
    fileprivate init(_ key: SecretBytes) { self = unsafe key.withUnsafeBytes { unsafe SymmetricKey(data: $0) } }

    /// The same bytes, for as long as they are needed.
    var locked: SecretBytes { unsafe withUnsafeBytes { unsafe SecretBytes($0) } }
}

extension Sequence<UInt8> {
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
