internal import Crypto
internal import FoundationEssentials
internal import Privacy

/// The key of the credential `store-key`. It wraps the random keys that files are sealed with, and nothing else.
public struct StoreKey: Sendable {
    /// In bytes: a passphrase that people remember is no key, and nothing here makes it one.
    static let minimumSize = 32

    private let wrapping: SecretBytes
    /// Tells this key from another one, and nothing about it.
    let fingerprint: String

    /// Of random bytes, or text of at least as many; the end of a line behind it does not count. Nil where it is too
    /// short.
    public init?(_ material: [UInt8]) {
        var material = material[...]
        while material.count > Self.minimumSize, let last = material.last, last == 0x0A || last == 0x0D {
            material.removeLast()
        }
        guard material.count >= Self.minimumSize else { return nil }
        let key = SymmetricKey(data: material)
        wrapping = Self.derive(from: key, for: "jeton 1 wraps data keys").locked
        fingerprint = unsafe Self.derive(from: key, for: "jeton 1 fingerprint")
            .withUnsafeBytes { unsafe $0.prefix(8).hexadecimal }
    }

    /// RFC 5869: one secret, several keys that say nothing about one another.
    private static func derive(from key: SymmetricKey, for purpose: String) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, info: Array(purpose.utf8), outputByteCount: minimumSize)
    }

    /// The context is what else stands beside the wrapped key, and must not be changed.
    func wrap(_ key: DataKey, in context: String) -> StoreHead.WrappedKey {
        let sealed = unsafe key.key.withUnsafeBytes { bytes in
            unsafe Seal.close(Array(bytes), with: wrapping, as: "\(context) \(key.id)")
        }
        return StoreHead.WrappedKey(id: key.id, wrapped: sealed)
    }

    /// Nil where it was not wrapped by this key, or was changed since.
    func unwrap(_ wrapped: StoreHead.WrappedKey, in context: String) -> DataKey? {
        Seal.open(wrapped.wrapped, with: wrapping, as: "\(context) \(wrapped.id)")
            .map { content in DataKey(id: wrapped.id, key: unsafe content.withUnsafeBytes { unsafe SecretBytes($0) }) }
    }
}

/// A random key that files are sealed with.
struct DataKey: Sendable {
    /// By which a file says the key of its seal.
    let id: String
    let key: SecretBytes

    init(id: String, key: SecretBytes) {
        self.id = id
        self.key = key
    }

    init() {
        self.init(id: Seal.randomName(), key: SymmetricKey(size: .bits256).locked)
    }
}
