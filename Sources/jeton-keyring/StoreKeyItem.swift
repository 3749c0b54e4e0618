internal import FoundationEssentials
internal import Systemd

/// The key as it lies in the keyring.
enum StoreKeyItem {
    /// By which it is found; whoever has them all has the right one.
    private static let attributes = ["xdg:schema": "jeton.StoreKey", "application": "jeton"]

    private static let label = "Jeton: key of the sessions on the disk"

    /// In bytes.
    private static let size = 32
    /// Nothing longer is a key (see Vault's `StoreCredential`).
    private static let maximumSize = 4096

    static func find(in keyring: SecretService) throws(SecretService.Problem) -> [UInt8] {
        let key = try keyring.secret(with: attributes, label: label) {
            // As text, for people who look it up by hand.
            let random = (0..<size).map { _ in UInt8.random(in: .min ... .max) }
            return Array(Data(random).base64EncodedString().utf8)
        }
        // The agent would take a few bytes for a word, and none for a provider that has died.
        guard (size...maximumSize).contains(key.count) else {
            throw .failed("the key in there has \(key.count) bytes; restore the item \"\(label)\"")
        }
        return key
    }
}
