internal import FoundationEssentials

/// A moment of wall time, to the millisecond: what is persisted and told to others. It is an RFC 3339 string in JSON.
public struct Moment: Sendable, Hashable {
    public var millisecondsSince1970: Int64

    public init(millisecondsSince1970: Int64) { self.millisecondsSince1970 = millisecondsSince1970 }

    public static var now: Moment { Moment(Date()) }

    private init(_ date: Date) { millisecondsSince1970 = Int64((date.timeIntervalSince1970 * 1000).rounded()) }
}

extension Moment: InstantProtocol {
    /// The years 1 to 9999, which is what RFC 3339 can write.
    private static let calendar: ClosedRange<Int64> = -62_135_596_800_000...253_402_300_799_999

    /// Stops at the ends of the calendar: a homeserver's or a file's durations may be of any length.
    public func advanced(by duration: Duration) -> Moment {
        let (sum, isOverflow) = millisecondsSince1970.addingReportingOverflow(Int64(duration.milliseconds))
        let end = isOverflow ? (duration < .zero ? .min : .max) : sum
        return Moment(millisecondsSince1970: min(max(end, Self.calendar.lowerBound), Self.calendar.upperBound))
    }

    public func duration(to other: Moment) -> Duration {
        .milliseconds(other.millisecondsSince1970 - millisecondsSince1970)
    }

    public static func < (one: Moment, other: Moment) -> Bool {
        one.millisecondsSince1970 < other.millisecondsSince1970
    }
}

extension Moment: Codable, CustomStringConvertible {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        // Somebody else's clock may leave the fraction out.
        guard Self.hasForm(text),
            let date = (try? Self.style.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text)),
            case let moment = Self(date), Self.calendar.contains(moment.millisecondsSince1970)
        else {
            throw DecodingError.misfit("must be an RFC 3339 time, not \"\(text.prefix(64))\"", at: decoder.codingPath)
        }
        self = moment
    }

    /// Foundation takes years of any length, and does not mind what follows a time (RFC 3339, section 5.6).
    private static func hasForm(_ text: String) -> Bool {
        let form = String(decoding: text.utf8.map { (0x30...0x39).contains($0) ? 0x30 : $0 }, as: UTF8.self)
        guard form.hasPrefix("0000-00-00T00:00:00") else { return false }
        var rest = form.dropFirst(19)
        if rest.first == "." { rest = rest.dropFirst().drop { $0 == "0" } }
        return ["Z", "+00:00", "-00:00"].contains(rest)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public var description: String {
        // The style cuts off what is beyond milliseconds, and a Double may lie just below its own.
        Date(timeIntervalSince1970: (Double(millisecondsSince1970) + 0.5) / 1000).formatted(Self.style)
    }
}

extension Duration {
    /// Whole milliseconds, what is left over dropped; as many as an integer holds, where there are more.
    public var milliseconds: Int {
        let farthest = Int64.max / 1000 - 1
        let seconds = min(max(components.seconds, -farthest), farthest)
        return Int(seconds) * 1000 + Int(components.attoseconds / 1_000_000_000_000_000)
    }
}
