internal import JetonAPI
internal import MatrixClient

/// A session as it lies on the disk, a file for each account.
struct SessionRecord: Codable, Sendable, Equatable {
    /// Whether the homeserver asks the user before it mints; only minting tells.
    enum Asking: String, Codable, Sendable { case unknown, required, absent }

    var userId: String
    var deviceId: String
    /// Tells this sign-in from another one of the same user, perhaps on the same device; its tokens change.
    var signInId: String?
    var homeserver: HomeserverAddress
    var accessToken: Secret
    var refreshToken: Secret?
    var accessTokenExpiresAt: Moment?
    /// The life of the access token as the homeserver gave it.
    var accessTokenLifeMs: Int?
    /// What the homeserver has against the session or its user; nil where nothing is known.
    var trouble: Trouble?
    var asking = Asking.unknown
    /// When that was seen: administrators change their minds.
    var askingSeenAt: Moment?
    var support: SupportReason?
    var accountManagementUrl: String?

    /// How the session ended, if it did.
    var ending: Trouble? { trouble?.isEnd == true ? trouble : nil }

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

extension SessionRecord {
    /// How the first release told that a session had ended.
    private enum FormerEnding: String, Codable { case softly, forGood }

    private enum FormerKeys: CodingKey { case ending }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        userId = try container.decode(String.self, forKey: .userId)
        deviceId = try container.decode(String.self, forKey: .deviceId)
        signInId = try container.decodeIfPresent(String.self, forKey: .signInId)
        homeserver = try container.decode(HomeserverAddress.self, forKey: .homeserver)
        accessToken = try container.decode(Secret.self, forKey: .accessToken)
        refreshToken = try container.decodeIfPresent(Secret.self, forKey: .refreshToken)
        accessTokenExpiresAt = try container.decodeIfPresent(Moment.self, forKey: .accessTokenExpiresAt)
        accessTokenLifeMs = try container.decodeIfPresent(Int.self, forKey: .accessTokenLifeMs)
        trouble = try container.decodeIfPresent(Trouble.self, forKey: .trouble)
        asking = try container.decode(Asking.self, forKey: .asking)
        askingSeenAt = try container.decodeIfPresent(Moment.self, forKey: .askingSeenAt)
        support = try container.decodeIfPresent(SupportReason.self, forKey: .support)
        accountManagementUrl = try container.decodeIfPresent(String.self, forKey: .accountManagementUrl)
        let former = try decoder.container(keyedBy: FormerKeys.self)
        if trouble == nil, let ending = try former.decodeIfPresent(FormerEnding.self, forKey: .ending) {
            // When it was is not known: not later than now.
            trouble = Trouble(reason: ending == .softly ? .refreshRefused : .sessionEnded, at: .now)
        }
    }
}
