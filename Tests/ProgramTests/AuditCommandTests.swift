import Foundation
import TestSupport
import Testing

/// `jeton audit` where there is no agent and no journal. With a journal: Tests/ServiceTests.
@Suite struct AuditCommandTests {
    @Test(arguments: [
        (["--since", "tomorrow"], "\"tomorrow\" is no time"), (["--until", "-2 fortnights"], "-2h"),
        (["--since"], "Missing value"), (["--follow", "--until", "now"], "exclude each other"),
    ])
    func `wrong times are refused with a sentence`(arguments: [String], sentence: String) async throws {
        let ended = try await run("jeton", ["audit"] + arguments)
        #expect(ended.status == 64)
        #expect(ended.errors.contains(sentence), "\(ended.errors)")
    }

    @Test(.enabled(if: !Self.hasJournal, "SKIPPED: there is a journal here"), arguments: [[], ["--json"]])
    func `where no journal is kept, that is said`(arguments: [String]) async throws {
        let ended = try await run("jeton", ["audit", "--since", "-2h"] + arguments)
        #expect(ended.status == 1)
        #expect(ended.output.isEmpty)
        #expect(ended.errors.contains("no journal is kept on this machine"), "\(ended.errors)")
    }

    static let hasJournal = ["/var/log/journal", "/run/log/journal"].contains { folder in
        let names = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
        return names.contains { $0.hasSuffix(".journal") }
    }

    /// Each start would have to load it, and six libraries more.
    @Test func `no command is linked to libsystemd`() async throws {
        let linked = try await run("/usr/bin/ldd", [Programs.path("jeton")])
        #expect(linked.status == 0)
        #expect(!linked.output.contains("libsystemd"))
    }
}
