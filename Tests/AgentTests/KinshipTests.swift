import JetonAPI
import Testing

@testable import Agent

/// Whose yes to whose question is worth nothing.
@Suite struct KinshipTests {
    private static func process(
        _ pid: Int,
        below parents: Int...,
        unit: String? = nil,
        session: String? = nil,
        on terminal: String? = nil,
        command: String? = "sh"
    ) -> Requester {
        Requester(
            pid: pid,
            uid: 1000,
            command: command,
            unit: unit,
            session: session,
            parents: parents.map { .init(pid: $0, command: "sh") },
            terminal: terminal
        )
    }

    private static let kin: [(String, Requester, Requester)] = [
        ("itself", process(5, session: "1"), process(5, session: "1")),
        ("its parent", process(5, below: 4, 3, unit: "a.service"), process(3, unit: "b.scope")),
        ("its child", process(4, unit: "a.service"), process(6, below: 5, 4, session: "2")),
        ("one of its unit", process(5, unit: "a.service"), process(9, unit: "a.service", on: "/dev/pts/9")),
        ("one of its session", process(5, session: "1", on: "/dev/pts/1"), process(9, session: "1", on: "/dev/pts/9")),
        ("one on its terminal", process(5, on: "/dev/pts/1"), process(9, on: "/dev/pts/1")),
        ("one on no terminal", process(5, on: "/dev/pts/1"), process(9)),
        ("one that has gone", process(5, session: "1"), process(9, session: "2", command: nil)),
    ]

    @Test(arguments: kin)
    func `a process is kin`(of what: String, asker: Requester, approver: Requester) {
        #expect(approver.isKin(of: asker), "\(what)")
        if what != "one on no terminal" { #expect(asker.isKin(of: approver), "\(what), the other way round") }
    }

    private static let strangers: [(String, Requester, Requester)] = [
        ("another unit", process(5, below: 2, unit: "a.service"), process(9, below: 2, unit: "b.scope")),
        ("another session", process(5, session: "1"), process(9, session: "2")),
        ("a unit and a session", process(5, unit: "a.service"), process(9, session: "2")),
        ("another terminal", process(5, below: 2), process(9, below: 2, on: "/dev/pts/9")),
    ]

    @Test(arguments: strangers)
    func `a process is no kin`(of what: String, asker: Requester, approver: Requester) {
        #expect(!approver.isKin(of: asker), "\(what)")
    }
}
