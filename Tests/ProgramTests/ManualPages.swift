import Foundation
import TestSupport
import Testing

/// The pages written by hand, each with a part that is made: of what the programs say about themselves, and of the
/// commented default configuration.
struct ManualPage: CustomTestStringConvertible {
    /// As in `jeton.1`.
    let name: String
    let made: @Sendable () async throws -> [String]

    var testDescription: String { name }
    var path: String { "\(Programs.repository)/systemd/man/\(name)" }

    static let all = [
        ManualPage(name: "jeton.1") { try await ProgramHelp.of("jeton").commands() },
        ManualPage(name: "jetond.8") { try await ProgramHelp.of("jetond").options() },
        ManualPage(name: "jeton-prompt.8") { try await ProgramHelp.of("jeton-prompt").options() },
        ManualPage(name: "jeton-config.5") {
            let file = "\(Programs.repository)/config/config.json5"
            let text = try String(contentsOfFile: file, encoding: .utf8).trimmingCharacters(in: .newlines)
            return [".Bd -literal"] + text.split(separator: "\n", omittingEmptySubsequences: false).map(Roff.line)
                + [".Ed"]
        },
    ]

    /// The page with its made part as it should be.
    func renewed() async throws -> String {
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let pattern = /(?s)(.*\n\.\\" begin\n).*?(\.\\" end\n.*)/
        let parts = try #require(try pattern.wholeMatch(in: text), "no marks in \(name)")
        return parts.1 + (try await made()).joined(separator: "\n") + "\n" + parts.2
    }
}

@Suite struct ManualPageTests {
    @Test(arguments: ManualPage.all)
    func `a manual page says what the program says`(page: ManualPage) async throws {
        let renewed = try await page.renewed()
        if ProcessInfo.processInfo.environment["JETON_RENEW"] == "1" {
            try Data(renewed.utf8).write(to: URL(fileURLWithPath: page.path))
        }
        let committed = try String(contentsOfFile: page.path, encoding: .utf8)
        #expect(committed == renewed, "stale; renew it with: JETON_RENEW=1 Tests/run --filter ManualPageTests")
    }

    @Test(arguments: ["jeton", "jetond", "jeton-prompt", "jeton-keyring", "jeton-desktop", "jeton-session"])
    func `a paragraph of --help is as wide as the terminal`(program: String) async throws {
        #expect(try await ProgramHelp.of(program).brokenParagraphs() == [])
    }

    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/mandoc"), "SKIPPED: mandoc is not installed"))
    func `no manual page has a fault`() async throws {
        let pages = ManualPage.all.map(\.path)
        let linted = try await run("/usr/bin/mandoc", ["-T", "lint", "-W", "warning"] + pages)
        #expect(linted.status == 0, "\(linted.output)")
    }
}
