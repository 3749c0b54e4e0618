internal import FoundationEssentials
internal import Glibc

/// What came as the credential `store-key` (systemd.exec(5), `LoadCredential=`): the key that the agent's state is
/// encrypted under, from a keyring, a TPM or a file of the administrator.
public enum StoreCredential: Sendable {
    /// Nobody provides one.
    case none
    case key(StoreKey)
    /// Whoever provides it could not, for this reason.
    case unavailable(String)

    static let name = "store-key"

    /// The unit's own fallback: systemd 252 takes no empty one.
    private static let fallback = "none"

    /// No key is that long.
    private static let maximumSize = 4096

    /// Reads it from `$CREDENTIALS_DIRECTORY`, where there is one. This blocks.
    public static func read(from folder: String?) -> StoreCredential {
        guard let folder, !folder.isEmpty else { return .none }
        let path = "\(folder)/\(name)"
        guard FileManager.default.fileExists(atPath: path) else { return .none }
        guard let content = try? Data(contentsOf: URL(filePath: path)) else {
            return .unavailable("the credential \(path) cannot be read")
        }
        guard content.count <= maximumSize else {
            return .unavailable("the credential \(name) has more than \(maximumSize) bytes; no key has")
        }
        return StoreCredential(Array(content))
    }

    init(_ content: [UInt8]) {
        let text = String(validating: content, as: UTF8.self)?.trimmed ?? "a key"
        if text == Self.fallback {
            self = .none
        } else if text.isEmpty {
            // What systemd makes of a provider that ends without a word.
            self = .unavailable(
                "whoever provides the credential \(Self.name) gave nothing; journalctl --user --unit 'jeton-keyring@*' may say why"
            )
        } else if text.hasPrefix("error:") {
            self = .unavailable(Self.explanation(of: String(text.dropFirst("error:".count))))
        } else if let key = StoreKey(content) {
            self = .key(key)
        } else {
            self = .unavailable(
                "the credential \(Self.name) has \(content.count) bytes; a key has \(StoreKey.minimumSize) random ones or more"
            )
        }
    }

    /// What jeton-keyring answers in place of a key.
    private static func explanation(of error: String) -> String {
        switch error {
        case "locked": "your keyring is locked; unlock it"
        case "absent": "no keyring answers on your session bus (org.freedesktop.secrets)"
        case "timeout": "your keyring did not answer in time"
        case "no-default": "your keyring has no default collection to put the key into; make one the default"
        case "failed":
            "your keyring does not answer as it should; journalctl --user --unit 'jeton-keyring@*' says how"
        default: "the provider of the credential \(name) says \"\(error.prefix(200))\""
        }
    }
}

extension String {
    /// Without the white space and the line's end at both ends.
    fileprivate var trimmed: String {
        let start = drop(while: \.isWhitespace)
        return String(start.reversed().drop(while: \.isWhitespace).reversed())
    }
}
