import FoundationEssentials
import JetonAPI
import Testing

struct MomentTests {
    private func decode(_ text: String) throws -> Moment {
        try JSONDecoder().decode(Moment.self, from: Data("\"\(text)\"".utf8))
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (1_795_468_800_000, "2026-11-23T21:20:00.000Z"),
        (1_709_164_800_007, "2024-02-29T00:00:00.007Z"), (-1, "1969-12-31T23:59:59.999Z"),
    ])
    func `is an RFC 3339 time to the millisecond, there and back`(_ milliseconds: Int64, _ text: String) throws {
        let moment = Moment(millisecondsSince1970: milliseconds)
        #expect(moment.description == text)
        #expect(try JSONEncoder().encode(moment) == Data("\"\(text)\"".utf8))
        #expect(try decode(text) == moment)
    }

    @Test func `may come without a fraction, and from elsewhere`() throws {
        let noon = try decode("2026-11-23T12:00:00Z")
        #expect(noon == Moment(millisecondsSince1970: 1_795_435_200_000))
        #expect(try decode("2026-11-23T14:00:00+02:00") == noon)
    }

    @Test(arguments: [
        "", "yesterday", "2026-13-01T00:00:00Z", "1795435200000", "2026-11-23T12:00:00Z-and-more",
        "2026-11-23T12:00:00.5Z26-014:05Z", "209999-12-31T23:59:59.999Z", "999999999999-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00", "0000-01-01T00:00:00Z",
    ])
    func `refuses what is no time, or one that could not be written`(_ text: String) {
        #expect(throws: DecodingError.self) { try decode(text) }
    }

    @Test func `moves by durations, less than a millisecond dropped`() {
        let start = Moment(millisecondsSince1970: 1000)
        #expect(start.advanced(by: .milliseconds(-1500)) == Moment(millisecondsSince1970: -500))
        #expect(start.advanced(by: .microseconds(1999)) == Moment(millisecondsSince1970: 1001))
        #expect(start.duration(to: Moment(millisecondsSince1970: 61_000)) == .seconds(60))
        #expect(start < start.advanced(by: .milliseconds(1)))
    }

    @Test(arguments: [
        Duration.milliseconds(Int64.max), .milliseconds(Int64.min), .seconds(Int64.max), .seconds(Int64.min),
    ])
    func `stays within what can be written, however far it is told to move`(_ far: Duration) throws {
        let end = Moment(millisecondsSince1970: 1_795_435_200_000).advanced(by: far)
        #expect(try decode(end.description) == end)
    }
}
