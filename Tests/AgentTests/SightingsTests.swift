import FoundationEssentials
import JetonAPI
import MatrixClient
import Testing

@testable import Agent

/// Which device has used which login token, as far as anybody can say.
struct SightingsTests {
    private let noon = TestClock.noon

    private func after(_ seconds: Int) -> Moment { noon.advanced(by: .seconds(seconds)) }

    /// Those whose address is not known have a question mark.
    private func devices(_ names: String) throws -> [MatrixClient.Device] {
        try names.split(separator: " ").map { word in
            let (name, address) = (word.prefix { $0 != "?" }, word.hasSuffix("?") ? "null" : #""203.0.113.7""#)
            let json = #"{"device_id":"\#(name)","display_name":"Phone \#(name)","last_seen_ip":\#(address)}"#
            return try JSONCoding.decoder().decode(MatrixClient.Device.self, from: Data(json.utf8))
        }
    }

    /// One look, and the ids of what was found by token.
    private func look(
        _ sightings: inout Sightings,
        _ names: String,
        at moment: Moment? = nil
    ) throws -> [String: [String]] {
        let number = sightings.beginLook(at: moment ?? noon)
        return try see(&sightings, names, number, at: moment)
    }

    private func see(
        _ sightings: inout Sightings,
        _ names: String,
        _ number: Int,
        at moment: Moment? = nil
    ) throws -> [String: [String]] {
        let findings = sightings.see(try devices(names), inLook: number, own: "OWN", at: moment ?? noon)
        return findings.reduce(into: [:]) { found, finding in
            let sure = finding.redeemedBy.map { ["=" + $0.deviceId] }
            found[finding.tokenId] = sure ?? finding.candidates?.map(\.deviceId)
        }
    }

    @Test func `the one device that appears has used the token, as far as is known`() throws {
        var sightings = Sightings()
        #expect(try look(&sightings, "OWN A") == [:])
        sightings.expect("t", until: after(120))
        #expect(try look(&sightings, "OWN A") == [:])
        let number = sightings.beginLook(at: after(10))
        let found = sightings.see(try devices("OWN A B"), inLook: number, own: "OWN", at: after(10))
        let device = Redeemer(
            deviceId: "B",
            displayName: "Phone B",
            lastSeenIp: "203.0.113.7",
            at: after(10),
            certain: false
        )
        #expect(found == [.init(tokenId: "t", redeemedBy: device)])
        #expect(try look(&sightings, "OWN A B", at: after(15)) == [:])
    }

    @Test func `what was asked before the token was handed out is no news, however late the answer`() throws {
        var sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        let early = sightings.beginLook(at: noon)
        sightings.expect("t", until: after(120))
        #expect(try see(&sightings, "OWN A", early) == [:])
        #expect(try look(&sightings, "OWN A B") == ["t": ["=B"]])
    }

    @Test func `several devices are candidates, and one that comes later makes the first one so`() throws {
        var sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        sightings.expect("t", until: after(120))
        #expect(try look(&sightings, "OWN A B") == ["t": ["A", "B"]])
        sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        sightings.expect("t", until: after(120))
        #expect(try look(&sightings, "OWN A") == ["t": ["=A"]])
        #expect(try look(&sightings, "OWN A B") == ["t": ["A", "B"]])
    }

    @Test func `of two tokens either may have been used, but none that was used already`() throws {
        var sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        sightings.expect("one", until: after(120))
        sightings.expect("two", until: after(120))
        #expect(try look(&sightings, "OWN A") == ["one": ["A"], "two": ["A"]])
        sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        sightings.expect("one", until: after(120))
        #expect(try look(&sightings, "OWN A") == ["one": ["=A"]])
        sightings.expect("two", until: after(120))
        #expect(try look(&sightings, "OWN A B") == ["two": ["=B"]])
    }

    @Test func `the agent's own new device has used none, and one that comes back has`() throws {
        var sightings = Sightings()
        #expect(try look(&sightings, "A B") == [:])
        sightings.expect("t", until: after(120))
        #expect(try look(&sightings, "OWN A") == [:])
        #expect(try look(&sightings, "OWN A B") == ["t": ["=B"]])
    }

    @Test func `after a token's end there is one more look`() throws {
        var sightings = Sightings()
        #expect(!sightings.areWanted)
        #expect(try look(&sightings, "OWN") == [:])
        sightings.expect("t", until: after(120))
        #expect(try look(&sightings, "OWN", at: after(119)) == [:])
        #expect(sightings.areWanted)
        #expect(try look(&sightings, "OWN A", at: after(124)) == ["t": ["=A"]])
        #expect(!sightings.areWanted)
        sightings.expect("u", until: after(130))
        let number = sightings.beginLook(at: after(130))
        #expect(sightings.giveUp(look: number, at: after(130)).isEmpty)
        #expect(!sightings.areWanted)
    }

    @Test func `answers that come out of order make no device a candidate twice`() throws {
        var sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        sightings.expect("t", until: after(120))
        let early = sightings.beginLook(at: after(5))
        let late = sightings.beginLook(at: after(10))
        #expect(try see(&sightings, "OWN A", late) == ["t": ["=A"]])
        #expect(try see(&sightings, "OWN", early) == [:])
        #expect(try look(&sightings, "OWN A", at: after(15)) == [:])
        // Nor does one that goes and comes back.
        #expect(try look(&sightings, "OWN", at: after(20)) == [:])
        #expect(try look(&sightings, "OWN A", at: after(25)) == [:])
        #expect(try look(&sightings, "OWN A B", at: after(30)) == ["t": ["A", "B"]])
    }

    @Test func `what was signed in while no token lived is no news, though nobody could look in time`() throws {
        var sightings = Sightings()
        // No token came of this one.
        #expect(try look(&sightings, "OWN") == [:])
        let days = 3 * 86_400
        let failed = sightings.beginLook(at: after(days))
        #expect(sightings.giveUp(look: failed, at: after(days)).isEmpty)
        #expect(sightings.lookedAt == nil)
        sightings.expect("t", until: after(days + 120))
        #expect(try look(&sightings, "OWN OLD", at: after(days + 5)) == [:])
        #expect(try look(&sightings, "OWN OLD A", at: after(days + 10)) == ["t": ["=A"]])
    }

    @Test func `a look that fails spoils nothing where a token is in somebody's hands`() throws {
        var sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        let slow = sightings.beginLook(at: after(1))
        sightings.expect("t", until: after(120))
        #expect(try look(&sightings, "OWN", at: after(5)) == [:])
        #expect(sightings.giveUp(look: slow, at: after(6)).isEmpty)
        #expect(sightings.lookedAt == after(5))
        let failed = sightings.beginLook(at: after(10))
        #expect(sightings.giveUp(look: failed, at: after(10)).isEmpty)
        #expect(try look(&sightings, "OWN A", at: after(15)) == ["t": ["=A"]])
    }

    /// What is to be told of devices, and when: at the end their addresses.
    private func tellings(_ findings: [Sightings.Finding]) -> [String] {
        findings.map { finding in
            let seen = finding.redeemedBy.map { [$0] } ?? finding.candidates ?? []
            let addresses = seen.map { "\($0.deviceId) \($0.lastSeenIp ?? "-")" }
            return "\(finding.telling): \(addresses.joined(separator: ", "))"
        }
    }

    /// What comes of looks at these devices, five seconds apart.
    private func tellings(_ looks: [String], until end: Int = 120) throws -> [[String]] {
        var sightings = Sightings()
        #expect(try look(&sightings, "OWN") == [:])
        sightings.expect("t", until: after(end))
        return try looks.enumerated().map { index, names in
            let (number, now) = (sightings.beginLook(at: after(5 * index + 5)), after(5 * index + 5))
            guard names != "fails" else { return tellings(sightings.giveUp(look: number, at: now)) }
            return tellings(sightings.see(try devices(names), inLook: number, own: "OWN", at: now))
        }
    }

    @Test(arguments: [
        (["OWN A?", "OWN A", "OWN A"], [["atNextLook: A -"], ["now: A 203.0.113.7"], []]),
        (["OWN A?", "OWN A?", "OWN A?", "OWN A"], [["atNextLook: A -"], ["now: A -"], [], ["never: A 203.0.113.7"]]),
        (["OWN A?", "fails", "OWN A?"], [["atNextLook: A -"], ["now: A -"], []]),
        (["OWN A?", "OWN"], [["atNextLook: A -"], ["now: A -"]]),
        (
            ["OWN A?", "OWN A? B?", "OWN A B?"],
            [["atNextLook: A -"], ["now: A -, B -"], ["never: A 203.0.113.7, B -"]]
        ),
        (
            ["OWN A", "OWN A B?", "OWN A B"],
            [
                ["now: A 203.0.113.7"], ["atNextLook: A 203.0.113.7, B -"], ["now: A 203.0.113.7, B 203.0.113.7"],
            ]
        ),
    ])
    func `a device without an address is told one look later, and what is learnt of it after that is noted`(
        looks: [String],
        told: [[String]]
    ) throws {
        #expect(try tellings(looks) == told)
    }

    @Test func `nobody is held back for a look that does not come`() throws {
        #expect(try tellings(["OWN", "OWN A?"], until: 10) == [[], ["now: A -"]])
        // An answer that was overtaken may be the last one.
        for isFailure in [false, true] {
            var sightings = Sightings()
            #expect(try look(&sightings, "OWN") == [:])
            sightings.expect("t", until: after(10))
            let early = (1...2).map { _ in sightings.beginLook(at: after(5)) }
            let late = sightings.beginLook(at: after(5))
            let found = sightings.see(try devices("OWN A?"), inLook: late, own: "OWN", at: after(6))
            #expect(tellings(found) == ["atNextLook: A -"])
            #expect(sightings.giveUp(look: early[0], at: after(7)).isEmpty)
            let last =
                isFailure
                ? sightings.giveUp(look: early[1], at: after(10))
                : sightings.see([], inLook: early[1], own: "OWN", at: after(10))
            #expect(tellings(last) == ["now: A -"])
        }
    }
}
