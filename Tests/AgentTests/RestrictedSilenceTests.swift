import JetonAPI
import Testing

@testable import Agent

/// How long nobody is heard over the restricted socket.
@Suite struct RestrictedSilenceTests {
    private let noon = TestClock.noon

    private func seconds(_ silence: RestrictedSilence, at now: Moment) -> Int? {
        silence.left(at: now).map { $0.milliseconds / 1000 }
    }

    @Test func `after each no it lasts longer, up to an hour`() {
        var silence = RestrictedSilence()
        var now = noon
        #expect(silence.left(at: now) == nil)
        var lengths: [Int?] = []
        for _ in 1...8 {
            silence.ask(at: now)
            silence.note(.denied, at: now)
            lengths.append(seconds(silence, at: now))
            now = now.advanced(by: .seconds(4000))
            #expect(silence.left(at: now) == nil)
        }
        #expect(lengths == [60, 120, 240, 480, 960, 1920, 3600, 3600])
        // A clock set back does not make it longer.
        silence.ask(at: now)
        #expect(seconds(silence, at: now.advanced(by: .seconds(-9000))) == 3600)
        silence.note(.agreed(nil), at: now)
        #expect(silence.left(at: now) == nil)
        silence.ask(at: now)
        #expect(seconds(silence, at: now) == 60)
    }

    @Test func `a question that stands counts as refused, from its answer on if there is one`() {
        var silence = RestrictedSilence()
        silence.ask(at: noon)
        #expect(seconds(silence, at: noon) == 60)
        let later = noon.advanced(by: .seconds(50))
        #expect(seconds(silence, at: later) == 10)
        silence.note(.timedOut, at: later)
        #expect(seconds(silence, at: later) == 60)
    }

    @Test func `what nobody saw and what was answered before it stood count as what they are`() {
        var silence = RestrictedSilence()
        silence.ask(at: noon)
        silence.note(.unavailable("no display"), at: noon)
        #expect(silence.left(at: noon) == nil)
        silence.note(.denied, at: noon)
        #expect(seconds(silence, at: noon) == 60)
        silence.ask(at: noon)
        silence.note(.unavailable("no display"), at: noon)
        silence.ask(at: noon)
        #expect(seconds(silence, at: noon) == 120)
    }

    @Test func `a day later it is forgotten`() {
        var silence = RestrictedSilence()
        for _ in 1...3 { silence.note(.denied, at: noon) }
        silence.note(.denied, at: noon.advanced(by: .seconds(86_000)))
        #expect(seconds(silence, at: noon.advanced(by: .seconds(86_000))) == 480)
        let later = noon.advanced(by: .seconds(180_000))
        silence.note(.denied, at: later)
        #expect(seconds(silence, at: later) == 60)
    }
}
