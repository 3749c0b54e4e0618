internal import Logging

/// A log entry as the journal has it (systemd.journal-fields(7)): `token_id` becomes the field `JETON_TOKEN_ID`.
enum JournalEntry {
    static func fields(
        of event: LogEvent,
        _ metadata: Logger.Metadata,
        identifier: String
    ) -> [(name: String, value: String)] {
        let own = [
            (name: "MESSAGE", value: LogLine.text(event.message, metadata)),
            (name: "PRIORITY", value: "\(priority(of: event.level))"),
            (name: "SYSLOG_IDENTIFIER", value: identifier),
            (name: "CODE_FILE", value: event.file),
            (name: "CODE_LINE", value: "\(event.line)"),
        ]
        let id = metadata["event"].flatMap { MessageID.of("\($0)") }.map { [(name: "MESSAGE_ID", value: $0)] } ?? []
        return own + id + metadata.map { (name: fieldName(of: $0.key), value: "\($0.value)") }
    }

    /// The levels of syslog(3).
    static func priority(of level: Logger.Level) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .info: 6
        case .debug, .trace: 7
        }
    }

    static func fieldName(of key: String) -> String {
        "JETON_" + String(key.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
    }
}
