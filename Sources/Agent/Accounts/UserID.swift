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
}
