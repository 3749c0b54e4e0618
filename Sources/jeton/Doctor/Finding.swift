/// What one look at one thing has shown.
struct Finding: Encodable {
    enum State: String, Encodable {
        case ok
        /// Nothing is wrong, and one should know it.
        case note
        case problem
    }

    /// What was looked at: a name that stays.
    var check: String
    var state: State
    var detail: String
    /// What to do about it.
    var cure: String?
    var account: String?

    /// In columns, the cure on a line of its own.
    var lines: [String] {
        let column = 9
        let indent = 19
        let head = Self.padded(state.rawValue, to: column) + Self.padded(check, to: indent)
        let cures = (cure.map { [$0] } ?? []).map { String(repeating: " ", count: column + indent) + $0 }
        return [head + detail] + cures
    }

    private static func padded(_ text: String, to width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }
}

/// The findings so far, and how one is added.
struct Findings {
    private(set) var all: [Finding] = []

    var isHealthy: Bool { !all.contains { $0.state == .problem } }

    mutating func ok(_ check: String, _ detail: String, account: String? = nil) {
        all.append(Finding(check: check, state: .ok, detail: Self.line(detail), account: account))
    }

    mutating func note(_ check: String, _ detail: String, cure: String? = nil, account: String? = nil) {
        all.append(Finding(check: check, state: .note, detail: Self.line(detail), cure: cure, account: account))
    }

    mutating func problem(_ check: String, _ detail: String, cure: String, account: String? = nil) {
        all.append(Finding(check: check, state: .problem, detail: Self.line(detail), cure: cure, account: account))
    }

    /// Other programs' words may have several.
    private static func line(_ text: String) -> String {
        text.split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
