public import JetonAPI

/// A moment as people write it, in a small part of what systemd.time(7) takes: `2026-11-25T14:30:00Z`,
/// `2026-11-25 14:30`, `2026-11-25`, `now`, `today`, `yesterday`, `-2h`, `2 days ago`.
public struct TimeExpression: Sendable, Equatable {
    public struct Problem: Error, Equatable, CustomStringConvertible {
        public var text: String
        public var description: String {
            """
            "\(text)" is no time; write 2026-11-25T14:30:00Z, "2026-11-25 14:30" or 2026-11-25 (local time), now, today, \
            yesterday, -2h or "2 hours ago" (s, min, h, d or w)
            """
        }
    }

    private enum Meaning: Sendable, Equatable {
        case moment(Moment)
        case local(CivilTime)
        case midnight(daysAgo: Int)
        case ago(Duration)
    }

    private let meaning: Meaning

    public init(_ text: String) throws(Problem) {
        guard let meaning = Self.meaning(of: text.lowercased()) else { throw Problem(text: text) }
        self.meaning = meaning
    }

    /// - Parameters:
    ///   - now: what relative times are counted from.
    ///   - zone: where the user is.
    /// - Returns: the moment that is meant.
    public func moment(now: Moment, in zone: TimeZone = .local) -> Moment {
        switch meaning {
        case .moment(let moment): return moment
        case .local(let time): return zone.moment(of: time)
        case .ago(let span): return now.advanced(by: .zero - span)
        case .midnight(let daysAgo):
            var time = zone.civilTime(at: now)
            (time.hour, time.minute, time.second) = (0, 0, 0)
            time.day -= daysAgo
            return zone.moment(of: time)
        }
    }

    private static func meaning(of text: String) -> Meaning? {
        switch text {
        case "now": return .ago(.zero)
        case "today": return .midnight(daysAgo: 0)
        case "yesterday": return .midnight(daysAgo: 1)
        default: break
        }
        if text.hasPrefix("-") { return span(text.dropFirst()).map { .ago($0) } }
        if text.hasSuffix(" ago") { return span(text.dropLast(4)).map { .ago($0) } }
        return calendarTime(text)
    }

    /// In seconds.
    private static let units: [(names: [String], length: Int)] = [
        (["s", "sec", "second", "seconds"], 1), (["m", "min", "minute", "minutes"], 60),
        (["h", "hour", "hours"], 3600), (["d", "day", "days"], 86_400), (["w", "week", "weeks"], 604_800),
    ]

    /// A hundred years are more than any journal keeps.
    private static let longestSpan = 100 * 366 * 86_400

    /// `2h`, `2 hours`: one number, one unit.
    private static func span(_ text: Substring) -> Duration? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let rest = text.dropFirst(digits.count)
        let name = rest.first == " " ? rest.dropFirst() : rest
        guard let number = Int(digits), let unit = units.first(where: { $0.names.contains(String(name)) }),
            number <= longestSpan / unit.length
        else { return nil }
        return .seconds(number * unit.length)
    }

    /// A date, a date and a time, or both with an offset from UTC (RFC 3339).
    private static func calendarTime(_ text: String) -> Meaning? {
        guard let date = numbers(text.prefix(10), in: "0000-00-00") else { return nil }
        var rest = text.dropFirst(10)
        var time = CivilTime(year: date[0], month: date[1], day: date[2])
        guard let separator = rest.first else { return time.isOnCalendar ? .local(time) : nil }
        guard separator == "t" || separator == " " else { return nil }
        rest = rest.dropFirst()
        let form = rest.count > 5 && rest.dropFirst(5).first == ":" ? "00:00:00" : "00:00"
        guard let clock = numbers(rest.prefix(form.count), in: form) else { return nil }
        rest = rest.dropFirst(form.count)
        (time.hour, time.minute, time.second) = (clock[0], clock[1], clock.count > 2 ? clock[2] : 0)
        guard time.isOnCalendar, let fraction = fraction(&rest) else { return nil }
        guard !rest.isEmpty else { return fraction == 0 ? .local(time) : nil }
        guard let offset = offset(rest) else { return nil }
        let moment = TimeZone.utc.moment(of: time)
        return .moment(moment.advanced(by: .milliseconds(fraction) - .seconds(offset)))
    }

    /// Takes `.25` away; in milliseconds, what is left over dropped. Nil where there is a point and no digit.
    private static func fraction(_ rest: inout Substring) -> Int? {
        guard rest.first == "." else { return 0 }
        let digits = rest.dropFirst().prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(digits.count + 1)
        return Int((digits + "000").prefix(3)).flatMap { digits.isEmpty ? nil : $0 }
    }

    /// `z` or `+02:00`, in seconds.
    private static func offset(_ text: Substring) -> Int? {
        if text == "z" { return 0 }
        guard let sign = text.first, sign == "+" || sign == "-", let parts = numbers(text.dropFirst(), in: "00:00"),
            parts[0] < 24, parts[1] < 60
        else { return nil }
        return (sign == "-" ? -1 : 1) * (parts[0] * 3600 + parts[1] * 60)
    }

    /// The numbers of a text of just this form, where 0 stands for any digit.
    private static func numbers(_ text: Substring, in form: String) -> [Int]? {
        let shape = String(text.map { $0.isASCII && $0.isNumber ? "0" : $0 })
        guard shape == form else { return nil }
        return text.split { !$0.isNumber }.compactMap { Int($0) }
    }
}
