internal import ArgumentParser
internal import Glibc
internal import JetonAPI
internal import JournalReader

struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Shows what the agent has written down in the journal: login tokens, refusals, limits, sign-ins.",
        discussion: """
            A line for each record, oldest first: when, what, which account, details, and who asked. With --json each \
            line is a JSON object. The agent need not run.

            TIME is as in 2026-11-25T14:30:00Z, or in local time "2026-11-25 14:30" or 2026-11-25, or now, today, \
            yesterday, -2h or "2 hours ago" (s, min, h, d or w).
            """
    )

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only records of this time and later.", valueName: "time"),
        completion: .list(["today", "yesterday", "-1h"]),
        transform: time
    )
    var since: TimeExpression?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("Only records of this time and earlier.", valueName: "time"),
        completion: .list(["today", "yesterday", "-1h"]),
        transform: time
    )
    var until: TimeExpression?

    @Flag(help: "Go on, and show each new record as it comes.")
    var follow = false

    @Option(help: "Only records about this account, a full user id.")
    var account: String?

    @Option(help: "The unit that runs the agent, where it is another one.")
    var unit = "jetond.service"

    @Flag(help: "Print JSON; errors too, on stderr.")
    var json = false

    func validate() throws {
        guard !follow || until == nil else { throw ValidationError("--follow and --until exclude each other.") }
    }

    func run() throws {
        let now = Moment.now
        let first = since?.moment(now: now)
        let last = until?.moment(now: now)
        do throws(JournalProblem) {
            let reader = try JournalReader(matching: matches)
            if let first { try reader.seek(to: first) }
            var count = 0
            while true {
                while let entry = try reader.next(), last.map({ entry.at <= $0 }) ?? true {
                    guard first.map({ entry.at >= $0 }) ?? true, let record = AuditRecord(entry) else { continue }
                    count += 1
                    if json { Output.say(jsonLine: record.json) } else { Output.say(record.line) }
                }
                guard follow else { break }
                try reader.wait()
            }
            if count == 0 { Output.complain("The journal has no such records of \(unit).") }
        } catch {
            throw Failure(.failed, error.description)
        }
    }

    /// Fields that journald adds by itself: no other user can write such a record, and of one's own programs only what
    /// gets into the agent's unit.
    private var matches: [(field: String, value: String)] {
        let own = [(field: "_UID", value: "\(geteuid())"), (field: "_SYSTEMD_USER_UNIT", value: unit)]
        return own + (account.map { [(field: "JETON_ACCOUNT", value: $0)] } ?? [])
    }

    private static func time(_ text: String) throws -> TimeExpression {
        do {
            return try TimeExpression(text)
        } catch {
            throw ValidationError("\(error).")
        }
    }
}
