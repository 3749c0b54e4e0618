/// `@local:server.name`, taken apart (Matrix specification, "User Identifiers").
struct UserID {
    let serverName: String

    init?(_ text: String) {
        guard text.hasPrefix("@"), text.utf8.count <= 255, let colon = text.firstIndex(of: ":") else { return nil }
        // Historical user ids have odd characters, but none that a terminal or a log would obey.
        guard text.unicodeScalars.allSatisfy({ ![.control, .format].contains($0.properties.generalCategory) }) else {
            return nil
        }
        serverName = String(text[text.index(after: colon)...])
        if serverName.isEmpty { return nil }
    }

    /// Whether somebody who was named, by a full user id or its local part, is the user of this id. Homeservers take
    /// a local part in capitals for one in small letters.
    static func isSame(_ named: String, as userId: String) -> Bool {
        if named == userId { return true }
        if UserID(named) != nil { return named.lowercased() == userId.lowercased() }
        let local = userId.dropFirst().prefix { $0 != ":" }
        return named.lowercased() == local.lowercased()
    }
}
