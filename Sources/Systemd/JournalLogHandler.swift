public import Logging

/// Writes log entries to the journal, their metadata as fields of their own: `token_id` becomes `JETON_TOKEN_ID`.
public struct JournalLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level = .info

    private let identifier: String

    public init(identifier: String) { self.identifier = identifier }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        var fields = [
            (name: "MESSAGE", value: LogLine.text(event.message, all)),
            (name: "PRIORITY", value: "\(Self.priority(of: event.level))"),
            (name: "SYSLOG_IDENTIFIER", value: identifier),
            (name: "CODE_FILE", value: event.file),
            (name: "CODE_LINE", value: "\(event.line)"),
        ]
        for (key, value) in all { fields.append((name: Self.fieldName(of: key), value: "\(value)")) }
        // Ignoring failures: there is nowhere left to say it.
        try? Journal.send(fields)
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

/// Writes log entries to stderr, a line each, for people who run the program by hand.
public struct StderrLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level = .info

    private let identifier: String

    public init(identifier: String) { self.identifier = identifier }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        StandardError.write("\(identifier): \(event.level): \(LogLine.text(event.message, all))\n")
    }
}

/// A message with its metadata, on one line whatever they hold.
enum LogLine {
    static func text(_ message: Logger.Message, _ metadata: Logger.Metadata) -> String {
        let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        return String("\(message)\(pairs.joined())".map { $0.isNewline ? " " : $0 })
    }
}
