internal import JetonAPI
internal import JournalReader

/// One thing that the agent has written down: who asked for what, and what came of it.
struct AuditRecord {
    let at: Moment
    let event: String
    /// What it says, without its fields.
    let message: String
    /// All else, by the names that it has in the agent: `JETON_TOKEN_ID` of the journal is `token_id`.
    private let details: [String: String]

    private static let prefix = "JETON_"

    /// Nil where the entry is none of these.
    init?(_ entry: JournalReader.Entry) {
        let own = entry.fields.filter { $0.key.hasPrefix(Self.prefix) }
        let named = own.map { ($0.key.dropFirst(Self.prefix.count).lowercased(), $0.value) }
        var details = Dictionary(named) { first, _ in first }
        // In the journal the message repeats its fields, for readers that show nothing else.
        let repeated = details.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        let message = entry.fields["MESSAGE"] ?? ""
        guard let event = details.removeValue(forKey: "event") else { return nil }
        at = entry.at
        self.event = event
        self.message = message.hasSuffix(repeated) ? String(message.dropLast(repeated.count)) : message
        self.details = details
    }

    var json: JSONValue {
        var members = details.mapValues { JSONValue.string($0) }
        for name in ["peer_pid", "peer_uid"] {
            if let number = details[name].flatMap(Int.init) { members[name] = .integer(number) }
        }
        return .object(
            members.merging(["at": .string("\(at)"), "event": .string(event), "message": .string(message)]) { $1 }
        )
    }

    /// Wide enough for all events, and for most accounts.
    private static let widths = (event: 20, account: 24)

    /// When, what, whose, what else, and who asked: the first three in columns.
    var line: String {
        let head = [
            "\(at)", Self.padded(event, to: Self.widths.event),
            Self.padded(details["account"].map(PlainText.word) ?? "-", to: Self.widths.account),
        ]
        let others = details.filter { $0.key != "account" && !$0.key.hasPrefix("peer_") }
        let pairs = others.sorted { $0.key < $1.key }.map { "\($0.key)=\(PlainText.word($0.value))" }
        let rest = pairs + requester
        return (head + (rest.isEmpty ? [Output.plain(message)] : rest)).joined(separator: "  ")
    }

    private var requester: [String] {
        guard let pid = details["peer_pid"] else { return [] }
        let words = Requester.words(details["peer_command"], pid: pid, lineage: details["peer_lineage"])
        return [words] + (details["peer_unit"].map { ["unit=\(PlainText.word($0))"] } ?? [])
    }

    private static func padded(_ text: String, to width: Int) -> String {
        let plain = Output.plain(text)
        return plain + String(repeating: " ", count: max(0, width - plain.count))
    }
}
