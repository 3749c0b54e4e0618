import JetonAPI
import Testing

@testable import JournalReader

/// Times as people write them.
@Suite struct TimeExpressionTests {
    /// 2026-11-25T02:30:00Z.
    static let now = Moment(millisecondsSince1970: 1_795_573_800_000)
    /// Two hours east: there it is half past four.
    static let east = TimeZone(
        read: { TimeZone.utc.civilTime(at: $0.advanced(by: .seconds(7200))) },
        seconds: { Int(TimeZone.utc.moment(of: $0).advanced(by: .seconds(-7200)).millisecondsSince1970 / 1000) }
    )

    @Test(arguments: [
        ("2026-11-25T01:30:00Z", "2026-11-25T01:30:00.000Z"), ("2026-11-25t01:30:00z", "2026-11-25T01:30:00.000Z"),
        ("2026-11-25T01:30:00.1259Z", "2026-11-25T01:30:00.125Z"),
        ("2026-11-25T01:30:00-05:30", "2026-11-25T07:00:00.000Z"),
        ("2026-11-25 01:30:00+02:00", "2026-11-24T23:30:00.000Z"), ("2026-11-25 01:30", "2026-11-24T23:30:00.000Z"),
        ("2026-11-25T01:30:15", "2026-11-24T23:30:15.000Z"), ("2026-11-25", "2026-11-24T22:00:00.000Z"),
        ("2028-02-29", "2028-02-28T22:00:00.000Z"), ("now", "2026-11-25T02:30:00.000Z"),
        ("today", "2026-11-24T22:00:00.000Z"), ("Yesterday", "2026-11-23T22:00:00.000Z"),
        ("-2h", "2026-11-25T00:30:00.000Z"), ("-90s", "2026-11-25T02:28:30.000Z"),
        ("2 days ago", "2026-11-23T02:30:00.000Z"), ("1 hour ago", "2026-11-25T01:30:00.000Z"),
        ("-1 w", "2026-11-18T02:30:00.000Z"), ("30min ago", "2026-11-25T02:00:00.000Z"),
    ])
    func `what is taken means one moment`(text: String, moment: String) throws {
        #expect("\(try TimeExpression(text).moment(now: Self.now, in: Self.east))" == moment)
    }

    @Test(arguments: [
        "", "-", "-h", "2h", "-2", "-2x", "-2h30min", "ago", " ago", "- 2h", "tomorrow", "2026", "2026-11",
        "2026-02-30",
        "2026-13-01", "2026-11-25T", "2026-11-25T1:30", "2026-11-25T24:00", "2026-11-25T01:60", "2026-11-25T01:30:00+2",
        "2026-11-25T01:30:00.Z", "2026-11-25T01:30:00.5", "2026-11-25T01:30:00Zulu", "2026-11-25T01:30:00+24:00",
        "0000-01-01", "١٢٣٤-١١-٢٥", "-99999999999999999999s", "-9999999999w", "2026-11-25_01:30",
    ])
    func `all else is refused with what is taken`(text: String) {
        let problem = #expect(throws: TimeExpression.Problem.self) { try TimeExpression(text) }
        #expect(problem?.description.contains("-2h") == true)
    }

    @Test func `midnight is where the user is, over the turn of a year too`() throws {
        let newYear = try TimeExpression("2027-01-01T00:30:00+02:00").moment(now: Self.now)
        let yesterday = try TimeExpression("yesterday").moment(now: newYear, in: Self.east)
        #expect("\(yesterday)" == "2026-12-30T22:00:00.000Z")
    }
}
