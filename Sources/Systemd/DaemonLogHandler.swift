public import Logging

/// Logs as a daemon should: into the journal, with the metadata as fields of their own, or by lines to stderr.
public struct DaemonLogHandler: LogHandler {
    /// Where an entry goes, its metadata merged.
    enum Destination: Sendable { case journal, stderr }

    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level

    private let identifier: String
    private let destination: Destination

    /// The journal where stderr is connected to it, else stderr itself.
    public init(identifier: String, level: Logger.Level) {
        self.init(identifier: identifier, level: level, destination: Journal.isConnected ? .journal : .stderr)
    }

    init(identifier: String, level: Logger.Level, destination: Destination) {
        self.identifier = identifier
        logLevel = level
        self.destination = destination
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, own in own }
        switch destination {
        case .journal:
            // Ignoring failures: there is nowhere left to say it.
            try? Journal.send(JournalEntry.fields(of: event, all, identifier: identifier))
        case .stderr:
            StandardError.write("\(identifier): \(event.level): \(LogLine.text(event.message, all))\n")
        }
    }
}

/// A message with its metadata, on one line whatever they hold. Programs and homeservers choose words in it, and a terminal
/// would obey some.
enum LogLine {
    static func text(_ message: Logger.Message, _ metadata: Logger.Metadata) -> String {
        let pairs = metadata.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }
        let line = String("\(message)\(pairs.joined())".map { $0.isNewline ? " " : $0 })
        return String(String.UnicodeScalarView(line.unicodeScalars.map { isObeyed($0) ? "\u{FFFD}" : $0 }))
    }

    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .format].contains(scalar.properties.generalCategory)
    }
}
