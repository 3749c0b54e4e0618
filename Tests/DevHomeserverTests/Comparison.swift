@testable import DevHomeserver

/// Compares this server's answers with recorded ones, and learns which of our random strings stands for which recorded.
struct Comparison {
    private var ours: [String: String] = [:]

    /// What a recorded request says in this server's words.
    func translated(_ text: String) -> String { ours[text] ?? text }

    func translated(_ value: JSON) -> JSON {
        switch value {
        case .string(let text): .string(translated(text))
        case .array(let elements): .array(elements.map(translated))
        case .object(let members): .object(members.mapValues(translated))
        default: value
        }
    }

    /// A device id that the client chose is no random string.
    mutating func keep(_ chosen: String) { ours[chosen] = chosen }

    /// The places where the two differ, in words.
    mutating func differences(_ recorded: JSON, _ actual: JSON, at place: String = "") -> [String] {
        switch (recorded, actual) {
        case (.object(let recorded), .object(let actual)):
            guard Set(recorded.keys) == Set(actual.keys) else {
                return ["\(place) has the members \(actual.keys.sorted()), not \(recorded.keys.sorted())"]
            }
            return recorded.keys.sorted().flatMap { key in
                differences(recorded[key] ?? .null, actual[key] ?? .null, of: key, in: place)
            }
        case (.array(let recorded), .array(let actual)) where recorded.count == actual.count:
            return zip(recorded, actual).flatMap { differences($0, $1, at: place) }
        default:
            return translated(recorded) == actual ? [] : ["\(place) is \(actual), not \(recorded)"]
        }
    }

    /// The same for an address that may carry a login token at its end.
    mutating func differences(of recorded: String, _ actual: String) -> [String] {
        let mark = "loginToken="
        let (recorded, actual) = (recorded.split(separator: mark), actual.split(separator: mark))
        guard recorded.count == actual.count, recorded.first == actual.first else {
            return ["it leads to \(actual), not \(recorded)"]
        }
        return differences(
            ["login_token": .string(String(recorded.last ?? ""))],
            ["login_token": .string(String(actual.last ?? ""))]
        )
    }

    private mutating func differences(_ recorded: JSON, _ actual: JSON, of key: String, in place: String) -> [String] {
        let here = "\(place)/\(key)"
        switch (key, recorded, actual) {
        case ("access_token", .string(let recorded), .string(let actual)) where ours[recorded] == nil,
            ("refresh_token", .string(let recorded), .string(let actual)) where ours[recorded] == nil,
            ("login_token", .string(let recorded), .string(let actual)) where ours[recorded] == nil:
            ours[recorded] = actual
            let alike = recorded.count == actual.count && recorded.prefix(4) == actual.prefix(4)
            return alike ? [] : ["\(here) has another shape"]
        case ("session", .string(let recorded), .string(let actual)) where ours[recorded] == nil,
            ("device_id", .string(let recorded), .string(let actual)) where ours[recorded] == nil:
            ours[recorded] = actual
            return recorded.count == actual.count ? [] : ["\(here) has another length"]
        case ("base_url", .string(let recorded), .string(let actual)):
            ours[recorded] = actual
            return []
        case ("expires_in_ms", .int(let recorded), .int(let actual)),
            ("retry_after_ms", .int(let recorded), .int(let actual)):
            return abs(recorded - actual) < 2000 ? [] : ["\(here) is \(actual), not \(recorded)"]
        case ("last_seen_ts", .int, .int), ("unstable_features", .object, .object), ("available", .object, .object):
            return []
        default:
            return differences(recorded, actual, at: here)
        }
    }
}
