internal import FoundationEssentials
internal import Glibc
internal import JetonAPI
internal import SystemPackage

/// What is asked for goes to stdout, all else to stderr.
enum Output {
    static func say(_ text: String) { write(plain(text, keepingLines: true) + "\n", to: STDOUT_FILENO) }

    static func complain(_ text: String) { write(plain(text, keepingLines: true) + "\n", to: STDERR_FILENO) }

    /// Why something failed: on one line, whatever others said in it.
    static func complain(problem: String) { complain("jeton: \(plain(problem))") }

    /// Prints a value as JSON, secrets included: only what the user asked for is printed.
    static func say(json value: some Encodable) { write(json(value) + "\n", to: STDOUT_FILENO) }

    /// The same on one line, for streams of them.
    static func say(jsonLine value: some Encodable) { write(json(value, pretty: false) + "\n", to: STDOUT_FILENO) }

    static func complain(json value: some Encodable) { write(json(value) + "\n", to: STDERR_FILENO) }

    /// What a terminal would obey is escaped; outside its strings JSON has nothing of the kind.
    private static func json(_ value: some Encodable, pretty: Bool = true) -> String {
        guard let data = try? JSONCoding.encoder(secrets: .revealed, pretty: pretty).encode(value) else {
            preconditionFailure("a result that is not JSON")
        }
        let text = String(decoding: data, as: UTF8.self)
        return text.unicodeScalars.reduce(into: "") { text, scalar in
            guard isObeyed(scalar), scalar != "\n" else { return text.unicodeScalars.append(scalar) }
            for unit in String(scalar).utf16 {
                let digits = String(unit, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            }
        }
    }

    /// Rows in columns as wide as their widest cell. Control characters are shown as what they are.
    static func table(_ header: [String], _ rows: [[String]]) {
        let cells = ([header] + rows).map { $0.map { plain($0) } }
        let widths = header.indices.map { column in cells.map { $0[column].count }.max() ?? 0 }
        for row in cells {
            let padded = zip(row, widths).map { cell, width in cell + String(repeating: " ", count: width - cell.count)
            }
            let line = padded.joined(separator: "  ")
            say(String(line.reversed().drop { $0 == " " }.reversed()))
        }
    }

    /// What others wrote, made harmless for a terminal: no control characters, no changes of direction.
    static func plain(_ text: String, keepingLines: Bool = false) -> String {
        let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
            isObeyed(scalar) && !(keepingLines && scalar == "\n") ? "\u{FFFD}" : scalar
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func isObeyed(_ scalar: Unicode.Scalar) -> Bool {
        [.control, .format, .lineSeparator, .paragraphSeparator].contains(scalar.properties.generalCategory)
    }

    /// Lines of our own that a terminal obeys.
    static func draw(_ lines: String) { write(lines, to: STDOUT_FILENO) }

    /// How wide the terminal is; nil where there is none, or where it does not know.
    static var columns: Int? {
        var size = winsize()
        guard unsafe ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether this process was given a standard output that it can write to.
    static var isOpen: Bool {
        let mode = fcntl(STDOUT_FILENO, F_GETFL)
        return mode != -1 && mode & O_ACCMODE != O_RDONLY
    }

    /// Writes the whole text; a reader that has gone ends the command, as it would end any other, and a full disk says
    /// why. Where complaints go nowhere, the exit status still tells what it always does.
    private static func write(_ text: String, to descriptor: CInt) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR {
                let reason = Errno(rawValue: errno)
                guard descriptor == STDOUT_FILENO else { return }
                if reason != .brokenPipe {
                    complain("jeton: standard output cannot be written: \(reason)")
                }
                exit(ExitStatus.failed.rawValue)
            }
            rest = rest.dropFirst(max(count, 0))
        }
    }
}
