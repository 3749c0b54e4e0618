internal import FoundationEssentials
internal import Glibc
internal import JetonAPI

/// What is asked for goes to stdout, all else to stderr.
enum Output {
    static func say(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    static func complain(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// A value as JSON, secrets included: only what the user asked for is printed.
    static func json(_ value: some Encodable, pretty: Bool) -> String {
        guard let data = try? JSONCoding.encoder(secrets: .revealed, pretty: pretty).encode(value) else {
            preconditionFailure("a result that is not JSON")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Rows in columns as wide as their widest cell. Control characters are shown as what they are.
    static func table(_ header: [String], _ rows: [[String]]) {
        let cells = ([header] + rows).map { $0.map(plain) }
        let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        for row in cells {
            let padded = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count)
            }
            let line = padded.joined(separator: "  ")
            say(String(line.reversed().drop { $0 == " " }.reversed()))
        }
    }

    /// What others wrote, made harmless for a terminal.
    static func plain(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }
            )
        )
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Writes the whole text; a reader that has gone ends the command, as it would end any other.
    private static func write(_ text: String, to descriptor: CInt) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { exit(ExitStatus.failed.rawValue) }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
