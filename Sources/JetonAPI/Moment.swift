internal import FoundationEssentials

/// A moment of wall time, to the millisecond: what is persisted and told to others. It is an RFC 3339 string in JSON.
public struct Moment: Sendable, Hashable {
    public var millisecondsSince1970: Int64

    public init(millisecondsSince1970: Int64) { self.millisecondsSince1970 = millisecondsSince1970 }

    public static var now: Moment { Moment(Date()) }

    private init(_ date: Date) { millisecondsSince1970 = Int64((date.timeIntervalSince1970 * 1000).rounded()) }
}

extension Moment: InstantProtocol {
    public func advanced(by duration: Duration) -> Moment {
        // What others say of times may be of any size: past the end of time is the end of time.
        let (sum, isOver) = millisecondsSince1970.addingReportingOverflow(Int64(duration.milliseconds))
        return Moment(millisecondsSince1970: isOver ? (duration < .zero ? .min : .max) : sum)
    }

    public func duration(to other: Moment) -> Duration {
        let (difference, isOver) = other.millisecondsSince1970.subtractingReportingOverflow(millisecondsSince1970)
        return .milliseconds(isOver ? (other < self ? .min : .max) : difference)
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
        guard let date = (try? Self.style.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text)) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\"\(text)\" is no RFC 3339 time")
            )
        }
        self.init(date)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    public var description: String {
        Date(timeIntervalSince1970: Double(millisecondsSince1970) / 1000).formatted(Self.style)
    }
}

extension Duration {
    /// Whole milliseconds, what is left over dropped.
    public var milliseconds: Int {
        let (whole, isOver) = Int(components.seconds).multipliedReportingOverflow(by: 1000)
        let (sum, isFar) = whole.addingReportingOverflow(Int(components.attoseconds / 1_000_000_000_000_000))
        return isOver || isFar ? (self < .zero ? .min : .max) : sum
    }
}
