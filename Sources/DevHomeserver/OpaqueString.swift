import FoundationEssentials

/// Synapse's opaque strings: tokens are a prefix, a random part and a checksum of both.
enum OpaqueString {
    static func accessToken(of localpart: String) -> String {
        sealed("syt_\(base64(localpart))_\(letters(20))")
    }

    static func refreshToken(of localpart: String) -> String {
        sealed("syr_\(base64(localpart))_\(letters(20))")
    }

    static func loginToken() -> String { sealed("syl_\(letters(20))") }

    static func authenticationSession() -> String { letters(24) }

    static func deviceID() -> String { letters(10).uppercased() }

    /// False for a token that cannot have been issued; Synapse tells such ones apart from unknown ones.
    static func isRefreshToken(_ token: String) -> Bool {
        let parts = token.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "syr" else { return false }
        return token == sealed(parts.dropLast().joined(separator: "_"))
    }

    static func sealed(_ text: String) -> String {
        let digits = base62(checksum(text.utf8))
        return "\(text)_\(String(repeating: "0", count: max(0, 6 - digits.count)))\(digits)"
    }

    private static func letters(_ count: Int) -> String {
        let alphabet = Array("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
        return String((0..<count).map { _ in alphabet[Int.random(in: alphabet.indices)] })
    }

    private static func base64(_ text: String) -> String {
        String(Data(text.utf8).base64EncodedString().prefix { $0 != "=" })
    }

    private static func base62(_ number: UInt32) -> String {
        let alphabet = Array("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
        var digits: [Character] = []
        var rest = Int(number)
        while rest > 0 {
            digits.append(alphabet[rest % 62])
            rest /= 62
        }
        return String(digits.reversed())
    }

    /// CRC-32 as in zlib.
    private static func checksum(_ bytes: some Sequence<UInt8>) -> UInt32 {
        ~bytes.reduce(~0) { sum, byte in
            (0..<8).reduce(sum ^ UInt32(byte)) { bits, _ in
                bits & 1 == 1 ? (bits >> 1) ^ 0xEDB8_8320 : bits >> 1
            }
        }
    }
}
