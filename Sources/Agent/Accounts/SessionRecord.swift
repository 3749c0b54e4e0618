internal import JetonAPI
internal import MatrixClient

/// A session as it lies on the disk, a file for each account.
struct SessionRecord: Codable, Sendable, Equatable {
    /// Whether the homeserver asks the user before it mints; only minting tells.
    enum Asking: String, Codable, Sendable { case unknown, required, absent }

    /// How a session ended that the homeserver no longer accepts.
    enum Ending: String, Codable, Sendable { case softly, forGood }

    var userId: String
    var deviceId: String
    var homeserver: HomeserverAddress
    var accessToken: Secret
    var refreshToken: Secret?
    var accessTokenExpiresAt: Moment?
    var ending: Ending?
    var asking = Asking.unknown
    /// When that was seen: administrators change their minds.
    var askingSeenAt: Moment?
    var support: SupportReason?
    var accountManagementUrl: String?

    /// What is believed of the homeserver's asking now. That it asks nothing is believed for a day: where the agent
    /// then has nobody to ask, nothing else would ever show that the homeserver has begun to.
    func asking(at now: Moment) -> Asking {
        guard asking == .absent else { return asking }
        let isFresh = askingSeenAt.map { $0 <= now && now < $0.advanced(by: .seconds(24 * 3600)) } ?? false
        return isFresh ? .absent : .unknown
    }

    mutating func see(_ asking: Asking, at now: Moment) {
        self.asking = asking
        askingSeenAt = now
    }

    /// The name of the account's file: its user id, as far as file names allow.
    var fileName: String { Self.fileName(of: userId) }

    static let fileSuffix = ".account.json"

    static func fileName(of userId: String) -> String {
        var name = ""
        for byte in userId.utf8 {
            let isPlain = (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
            if isPlain || "@:._=-+".utf8.contains(byte) {
                name.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                name += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        // A user id has at most 255 bytes, and so has a file's name: long ones end in a checksum instead (FNV-1a).
        if name.utf8.count > 200 {
            let sum = userId.utf8.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            name = "\(name.prefix(180))~\(String(sum, radix: 16))"
        }
        return name + fileSuffix
    }
}
