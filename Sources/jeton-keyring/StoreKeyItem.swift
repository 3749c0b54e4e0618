internal import FoundationEssentials
internal import Systemd

/// The key as it lies in the keyring.
enum StoreKeyItem {
    /// By which it is found; whoever has them all has the right one.
    private static let attributes = ["xdg:schema": "jeton.StoreKey", "application": "jeton"]

    private static let label = "Jeton: key of the sessions on the disk"

    /// In bytes.
    private static let size = 32

    static func find(in keyring: SecretService) throws(SecretService.Problem) -> [UInt8] {
        try keyring.secret(with: attributes, label: label) {
            // As text, for people who look it up by hand.
            let random = (0..<size).map { _ in UInt8.random(in: .min ... .max) }
            return Array(Data(random).base64EncodedString().utf8)
        }
    }
}
