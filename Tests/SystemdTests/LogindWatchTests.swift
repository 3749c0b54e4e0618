import SystemPackage
import Testing

@testable import Systemd

/// What is made of logind's words. `Tests/ServiceTests` has a real one.
struct LogindWatchTests {
    /// A logind of fixed answers, and the watch that asks it.
    private struct Told {
        var watch = LogindWatch(uid: 1000)
        var calls: [BusCall] = []
        var sessions: [String: [String: BusValue]] = [:]
        var display = ""

        static let logind = "org.freedesktop.login1"

        mutating func begin() throws -> [LogindWatch.News] {
            var made: [BusCall] = []
            let before = calls.count
            try watch.begin { call throws(Errno) in
                made.append(call)
                return UInt64(before + made.count)
            }
            return try answer(made)
        }

        mutating func hear(_ message: BusMessage) throws -> [LogindWatch.News] {
            var made: [BusCall] = []
            let before = calls.count
            let news = try watch.hear(message) { call throws(Errno) in
                made.append(call)
                return UInt64(before + made.count)
            }
            return news + (try answer(made))
        }

        /// Answers all calls in their order, and those that come of the answers.
        private mutating func answer(_ made: [BusCall]) throws -> [LogindWatch.News] {
            let first = calls.count + 1
            calls += made
            var news: [LogindWatch.News] = []
            for (index, call) in made.enumerated() {
                news += try hear(answer(to: call, UInt64(first + index)))
            }
            return news
        }

        private func answer(to call: BusCall, _ number: UInt64) -> BusMessage {
            let arguments: [BusValue]
            switch (call.member, call.arguments.first) {
            case ("GetNameOwner", _): arguments = [.string(":1.7")]
            case ("GetUser", .number(1000)): arguments = [.string("/user")]
            case ("GetAll", .string("\(Self.logind).User")):
                let list = sessions.keys.sorted().map { BusValue.fields([.string($0), .string("/\($0)")]) }
                arguments = [
                    .dictionary([
                        "Display": .fields([.string(display), .string("/\(display)")]), "Sessions": .array(list),
                    ])
                ]
            case ("GetAll", _): arguments = [.dictionary(sessions[String(call.path.dropFirst())] ?? [:])]
            default: arguments = []
            }
            return BusMessage(.result(of: number), from: ":1.7", arguments)
        }

        mutating func signal(
            _ path: String,
            _ interface: String,
            _ member: String,
            _ arguments: [BusValue] = [],
            from sender: String = ":1.7"
        ) throws -> [LogindWatch.News] {
            let kind = BusMessage.Kind.signal(path: path, interface: interface, member: member)
            return try hear(BusMessage(kind, from: sender, arguments))
        }

        mutating func say(_ session: String, _ member: String, from sender: String = ":1.7") throws
            -> [LogindWatch.News]
        { try signal("/\(session)", "\(Self.logind).Session", member, from: sender) }

        mutating func change(_ path: String, _ properties: [String: BusValue]) throws -> [LogindWatch.News] {
            let arguments: [BusValue] = [.string("any"), .dictionary(properties), .array([])]
            return try signal(path, "org.freedesktop.DBus.Properties", "PropertiesChanged", arguments)
        }

        /// The rules that are in force.
        var rules: Set<String> {
            calls.reduce(into: []) { rules, call in
                guard case .string(let rule)? = call.arguments.first else { return }
                if call.member == "AddMatch" { rules.insert(rule) }
                if call.member == "RemoveMatch" { rules.remove(rule) }
            }
        }
    }

    private static func session(
        _ type: String,
        class kind: String = "user",
        state: String = "active",
        hint: Bool = false
    ) -> [String: BusValue] {
        ["Class": .string(kind), "Type": .string(type), "State": .string(state), "LockedHint": .boolean(hint)]
    }

    @Test(arguments: [
        ([:], "", false),
        (["a": session("wayland")], "a", false),
        (["a": session("wayland", hint: true)], "a", true),
        // One that is open has somebody in front of it.
        (["a": session("wayland", hint: true), "b": session("x11")], "a", false),
        (["a": session("wayland", hint: true), "b": session("x11", hint: true)], "a", true),
        // A terminal beside a desktop does not count, be it open or locked.
        (["a": session("tty"), "b": session("mir", hint: true)], "a", true),
        (["a": session("tty", hint: true), "b": session("x11")], "a", false),
        // Where there is no desktop, one does.
        (["a": session("tty"), "b": session("tty", hint: true)], "b", true),
        (["a": session("tty"), "b": session("tty", hint: true)], "a", false),
        // Nobody is at these.
        (["a": session("wayland", class: "greeter", hint: true)], "", false),
        (["a": session("x11", class: "greeter"), "b": session("x11", hint: true)], "b", true),
        (["a": session("x11", state: "closing"), "b": session("x11", hint: true)], "b", true),
        (["a": session("x11", state: "closing", hint: true)], "a", false),
    ])
    fileprivate func `the screen is locked while each desktop is`(
        sessions: [String: [String: BusValue]],
        display: String,
        isLocked: Bool
    ) throws {
        var told = Told(sessions: sessions, display: display)
        #expect(try told.begin() == [.screen(isLocked: isLocked)])
    }

    @Test func `told to lock, it is locked until it says how it is, is told to unlock, or ends`() throws {
        var told = Told(sessions: ["a": Self.session("wayland")], display: "a")
        _ = try told.begin()
        #expect(try told.say("a", "Lock") == [.screen(isLocked: true)])
        #expect(try told.say("a", "Lock") == [])
        #expect(try told.say("a", "Unlock") == [.screen(isLocked: false)])
        #expect(try told.say("a", "Lock") == [.screen(isLocked: true)])
        #expect(try told.change("/a", ["LockedHint": .boolean(true)]) == [])
        #expect(try told.change("/a", ["LockedHint": .boolean(false)]) == [.screen(isLocked: false)])
        _ = try told.say("a", "Lock")
        // That something else has changed says nothing of it.
        #expect(try told.change("/a", ["IdleHint": .boolean(true)]) == [])
        #expect(try told.change("/a", ["Active": .boolean(false)]) == [])
        told.sessions = [:]
        let gone = [BusValue.string("a"), .string("/a")]
        #expect(
            try told.signal("/org/freedesktop/login1", "org.freedesktop.login1.Manager", "SessionRemoved", gone)
                == [.screen(isLocked: false)]
        )
    }

    @Test func `sessions that come and go are followed, and no longer than they last`() throws {
        var told = Told(sessions: ["a": Self.session("wayland", hint: true)], display: "a")
        _ = try told.begin()
        let before = told.rules
        told.sessions["b"] = Self.session("wayland")
        #expect(try told.change("/user", ["Display": .fields([])]) == [.screen(isLocked: false)])
        #expect(told.rules.count == before.count + 2)
        told.sessions["b"] = nil
        #expect(try told.change("/user", ["Display": .fields([])]) == [.screen(isLocked: true)])
        #expect(told.rules == before)
        // What the user's object says besides is of no interest.
        let calls = told.calls.count
        #expect(try told.change("/user", ["IdleHint": .boolean(true)]) == [])
        #expect(told.calls.count == calls)
    }

    @Test func `a session on a terminal that becomes a desktop is looked at anew`() throws {
        var told = Told(sessions: ["a": Self.session("tty"), "b": Self.session("tty", hint: true)], display: "a")
        #expect(try told.begin() == [.screen(isLocked: false)])
        told.sessions["b"]?["Type"] = .string("wayland")
        #expect(try told.change("/b", ["Type": .string("wayland")]) == [.screen(isLocked: true)])
    }

    @Test func `only logind's own words count, and only the bus says who that is`() throws {
        var told = Told(sessions: ["a": Self.session("wayland")], display: "a")
        _ = try told.begin()
        #expect(try told.say("a", "Lock", from: ":1.8") == [])
        let other = ["org.freedesktop.login1", ":1.7", ":1.8"].map { BusValue.string($0) }
        #expect(try told.signal("/", "org.freedesktop.DBus", "NameOwnerChanged", other, from: ":1.8") == [])
        #expect(try told.say("a", "Lock", from: ":1.8") == [])
        _ = try told.signal("/", "org.freedesktop.DBus", "NameOwnerChanged", other, from: "org.freedesktop.DBus")
        #expect(try told.say("a", "Lock", from: ":1.8") == [.screen(isLocked: true)])
        #expect(try told.say("a", "Unlock") == [])
    }

    @Test func `a logind that comes back without the hint unlocks nothing`() throws {
        var told = Told(sessions: ["a": Self.session("wayland", hint: true)], display: "a")
        _ = try told.begin()
        told.sessions["a"] = Self.session("wayland")
        let gone = ["org.freedesktop.login1", ":1.7", ""].map { BusValue.string($0) }
        let back = ["org.freedesktop.login1", "", ":1.7"].map { BusValue.string($0) }
        for change in [gone, back] {
            let bus = "org.freedesktop.DBus"
            let news = try told.signal("/", bus, "NameOwnerChanged", change, from: bus)
            #expect(!news.contains(.screen(isLocked: false)))
        }
        // Nor does a bus that comes back.
        #expect(try told.begin() == [.screen(isLocked: true)])
        #expect(try told.say("a", "Unlock") == [.screen(isLocked: false)])
    }

    @Test(arguments: [
        ("org.freedesktop.DBus.Error.NoReply", true), ("org.freedesktop.DBus.Error.UnknownObject", false),
    ])
    func `an answer that a logind on its way out did not give is no word on the screen`(
        error: String,
        isLocked: Bool
    ) throws {
        var told = Told(sessions: ["a": Self.session("wayland", hint: true)], display: "a")
        _ = try told.begin()
        var asked: [BusCall] = []
        let send: LogindWatch.Send = { call in
            asked.append(call)
            return 99
        }
        let changed: [BusValue] = [.string("any"), .dictionary(["Display": .fields([])]), .array([])]
        let kind = BusMessage.Kind.signal(
            path: "/user",
            interface: "org.freedesktop.DBus.Properties",
            member: "PropertiesChanged"
        )
        #expect(try told.watch.hear(BusMessage(kind, from: ":1.7", changed), send) == [])
        #expect(asked.map(\.member) == ["GetAll"])
        let failure = BusMessage(.failure(of: 99, name: error), from: "org.freedesktop.DBus")
        #expect(try told.watch.hear(failure, send) == (isLocked ? [] : [.screen(isLocked: false)]))
        #expect(try told.say("a", "Unlock") == (isLocked ? [.screen(isLocked: false)] : []))
    }

    @Test func `the machine's waking is told, its falling asleep is not`() throws {
        var told = Told()
        _ = try told.begin()
        for (isAsleep, news) in [(true, []), (false, [LogindWatch.News.woke])] {
            #expect(
                try told.signal(
                    "/org/freedesktop/login1",
                    "org.freedesktop.login1.Manager",
                    "PrepareForSleep",
                    [.boolean(isAsleep)]
                ) == news
            )
        }
    }

    @Test func `a user whom logind does not know yet is followed from the first session on`() throws {
        var watch = LogindWatch(uid: 1000)
        var asked: [BusCall] = []
        let send: LogindWatch.Send = { call in
            asked.append(call)
            return UInt64(asked.count)
        }
        func hear(_ kind: BusMessage.Kind, _ arguments: [BusValue] = []) throws -> [LogindWatch.News] {
            try watch.hear(BusMessage(kind, from: ":1.7", arguments), send)
        }
        try watch.begin(send)
        _ = try hear(.result(of: UInt64(asked.count)), [.string(":1.7")])
        #expect(asked.last?.member == "GetUser")
        let unknown = BusMessage.Kind.failure(of: UInt64(asked.count), name: "org.freedesktop.login1.NoSuchUser")
        #expect(try hear(unknown) == [.screen(isLocked: false)])
        // logind says so of each new session.
        let user = "/org/freedesktop/login1/user/_1000"
        let kind = BusMessage.Kind.signal(
            path: user,
            interface: "org.freedesktop.DBus.Properties",
            member: "PropertiesChanged"
        )
        _ = try hear(kind, [.string("any"), .dictionary(["Display": .fields([])]), .array([])])
        #expect(asked.last?.path == user && asked.last?.member == "GetAll")
    }

    @Test func `without logind the screen is open, until logind comes`() throws {
        var watch = LogindWatch(uid: 1000)
        var number: UInt64 = 0
        let send: LogindWatch.Send = { _ in
            number += 1
            return number
        }
        try watch.begin(send)
        let failure = BusMessage(.failure(of: number, name: "org.freedesktop.DBus.Error.NameHasNoOwner"), from: "bus")
        #expect(try watch.hear(failure, send) == [.screen(isLocked: false), .absent])
        let calls = number
        let come = ["org.freedesktop.login1", "", ":1.7"].map { BusValue.string($0) }
        let kind = BusMessage.Kind.signal(path: "/", interface: "org.freedesktop.DBus", member: "NameOwnerChanged")
        #expect(try watch.hear(BusMessage(kind, from: "org.freedesktop.DBus", come), send) == [])
        #expect(number == calls + 1)
    }
}

extension BusValue {
    fileprivate static func dictionary(_ entries: [String: BusValue]) -> BusValue {
        .array(entries.map { .fields([.string($0.key), $0.value]) })
    }
}
