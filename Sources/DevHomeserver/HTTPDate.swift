import FoundationEssentials

/// The date of an HTTP header (RFC 9110, section 5.6.7).
enum HTTPDate {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The time now on a clock that is so far ahead, as `Sun, 06 Nov 1994 08:49:37 GMT`.
    static func now(_ offset: Duration) -> String {
        let date = Date().addingTimeInterval(Double(offset.milliseconds) / 1000)
        // 1994-11-06T08:49:37Z
        let parts = date.formatted(.iso8601).split { "-T:Z".contains($0) }
        // The first of January 1970 was a Thursday.
        let day = days[Int(date.timeIntervalSince1970) / 86_400 % 7]
        let month = months[(Int(parts[1]) ?? 1) - 1]
        return "\(day), \(parts[2]) \(month) \(parts[0]) \(parts[3...].joined(separator: ":")) GMT"
    }
}
